"""How each measured proxy is configured, all to do the same work: one worker, kept-alive connections on both sides,
no access log, no health checks, round robin unless something else is asked for. A peer is a function (client, upstream,
port, backends, folder) -> command line; `client` and `upstream` are the protocols of cases.Case."""
import os
import pathlib
import shutil
import string

GRPC_FRAME_HEADER_BYTES = 5
ENVOY_FULL_SCAN = """load_balancing_policy:
        policies:
          - typed_extension_config:
              name: envoy.load_balancing_policies.least_request
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.load_balancing_policies.least_request.v3.LeastRequest
                selection_method: FULL_SCAN"""
TEMPLATES = pathlib.Path(__file__).parent / "templates"


def _template(name, **values):
    return string.Template((TEMPLATES / name).read_text(encoding="utf-8")).substitute(values)


def _configuration(name, folder, **values):
    path = folder / name
    path.write_text(_template(name, folder=folder, **values), encoding="utf-8")
    return str(path)


def sidecar(programs, policy="round-robin"):
    """With the policy None, its default."""
    def command(client, upstream, port, backends, folder):
        endpoints = "\n".join(f"      - {{address: {backend}}}" for backend in backends)
        return [str(programs / "outrigger-sidecar"), "--config",
                _configuration("sidecar.yaml", folder, port=port, client=client, endpoints=endpoints,
                               policy=f"    policy: {policy}" if policy else "",
                               protocol="" if upstream == client else f"    protocol: {upstream}")]
    return command


def haproxy(client, upstream, port, backends, folder, balance="roundrobin", server_options=""):
    tcp = client == "tcp"
    h2 = " proto h2" if upstream in ("http2", "grpc") else ""
    servers = "\n".join(f"    server s{i} {backend}{h2}{server_options}" for i, backend in enumerate(backends))
    return ["haproxy", "-db", "-f", _configuration(
        "haproxy.cfg", folder, port=port, servers=servers, balance=balance, mode="tcp" if tcp else "http",
        http_options="" if tcp else "    option http-keep-alive\n    http-reuse always",
        listen_options=" proto h2" if client == "http2" else "")]


def nginx(client, upstream, port, backends, folder, balancing="", server_options=" max_fails=0"):
    """Its only way to speak HTTP/2 to a backend is that for gRPC, one request at a time on a connection."""
    servers = " ".join(f"server {backend}{server_options};" for backend in backends)
    if client == "tcp":
        module = shutil.which("ngx_stream_module.so", os.F_OK, os.environ["PATH"] + ":/usr/lib/nginx/modules")
        load_module = f"load_module {module};"
        traffic = _template("nginx-stream.conf", port=port, servers=servers)
    else:
        load_module = ""
        traffic = _template("nginx-http.conf", port=port, servers=servers, folder=folder, balancing=balancing,
                            listen_options=" http2" if client == "http2" else "",
                            **{"pass": "proxy_pass http://web" if upstream == "http" else "grpc_pass grpc://web"})
    return ["nginx", "-c", _configuration("nginx.conf", folder, load_module=load_module, traffic=traffic),
            "-p", str(folder), "-e", str(folder / "error.log")]


def envoy(client, upstream, port, backends, folder, balancing="lb_policy: ROUND_ROBIN"):
    endpoints = ", ".join("{endpoint: {address: {socket_address: {address: %s, port_value: %s}}}}"
                          % tuple(backend.split(":")) for backend in backends)
    traffic = (_template("envoy-tcp.yaml") if client == "tcp" else
               _template("envoy-http.yaml", codec="HTTP2" if client == "http2" else "HTTP1"))
    return ["envoy", "-c", _configuration(
        "envoy.yaml", folder, port=port, filter=traffic, endpoints=endpoints, balancing=balancing,
        upstream=_template("envoy-http2-upstream.yaml") if upstream in ("http2", "grpc") else "{}"),
        "--concurrency", "1", "--disable-hot-restart", "--log-level", "error"]


def grpc_frame(message):
    """A message as it stands in a gRPC body: not compressed, its length, itself."""
    return b"\0" + len(message).to_bytes(GRPC_FRAME_HEADER_BYTES - 1, "big") + message


def nginx_http2_backend(addresses, folder):
    """What stands behind all of them where HTTP/2 is spoken: 100 B, for /grpc as a gRPC answer with its trailer."""
    frame = grpc_frame(b"x" * (100 - GRPC_FRAME_HEADER_BYTES))
    return ["nginx", "-c", _configuration(
        "nginx-http2-backend.conf", folder, body="x" * 100, grpc_frame=frame.decode("ascii"),
        listens=" ".join(f"listen {address} http2 backlog=4096;" for address in addresses)),
        "-p", str(folder), "-e", str(folder / "error.log")]
