"""How each measured proxy is configured, all to do the same work: one worker, kept-alive connections on both sides,
no access log, no health checks, round robin. A peer is a function (port, backends, folder) -> command line."""
import pathlib
import string

TEMPLATES = pathlib.Path(__file__).parent / "templates"


def _configuration(name, folder, **values):
    path = folder / name
    path.write_text(string.Template((TEMPLATES / name).read_text()).substitute(values, folder=folder))
    return str(path)


def sidecar(programs):
    def command(port, backends, folder):
        endpoints = "\n".join(f"      - {{address: {backend}}}" for backend in backends)
        return [str(programs / "outrigger-sidecar"), "--config",
                _configuration("sidecar.yaml", folder, port=port, endpoints=endpoints)]
    return command


def haproxy(port, backends, folder):
    servers = "\n".join(f"    server s{i} {backend}" for i, backend in enumerate(backends))
    return ["haproxy", "-db", "-f", _configuration("haproxy.cfg", folder, port=port, servers=servers)]


def nginx(port, backends, folder):
    servers = " ".join(f"server {backend} max_fails=0;" for backend in backends)
    return ["nginx", "-c", _configuration("nginx.conf", folder, port=port, servers=servers), "-p", str(folder),
            "-e", str(folder / "error.log")]
