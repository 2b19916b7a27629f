"""What is measured, and what the sidecar must reach in it."""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Case:
    title: str
    method: str        # how it is measured: the name of a function in methods.py
    client: str        # the protocol the proxy is spoken to in: http, http2 or tcp
    upstream: str      # the protocol it speaks to the backends: http, http2, grpc or tcp
    path: str = "/100"
    connections: int = 64
    close: bool = False            # a connection per request
    counts_calls: bool = False     # system calls too


CASES = {
    "http1_100": Case("HTTP/1.1, kept alive, 100 B, 64 connections", "wrk", "http", "http", counts_calls=True),
    "http1_1k": Case("HTTP/1.1, kept alive, 1 KiB, 64 connections", "wrk", "http", "http", "/1024"),
    "http1_64k": Case("HTTP/1.1, kept alive, 64 KiB, 64 connections", "wrk", "http", "http", "/65536"),
    "http1_1m": Case("HTTP/1.1, kept alive, 1 MiB, 16 connections", "wrk", "http", "http", "/1048576", 16),
    "http1_close": Case("HTTP/1.1, a connection per request, 100 B, 64 at a time", "wrk", "http", "http", close=True),
    "http2": Case("HTTP/2 to HTTP/2, 100 B, 16 connections with 32 streams", "h2load", "http2", "http2",
                  connections=16),
    "http2_http1": Case("HTTP/2 to HTTP/1.1, 100 B, 16 connections with 32 streams", "h2load", "http2", "http",
                        connections=16),
    "grpc": Case("gRPC unary, 100 B, 16 connections with 32 streams", "h2load", "http2", "grpc", "/grpc", 16),
    "tcp_100": Case("TCP, 100 B, 64 connections", "wrk", "tcp", "tcp"),
    "tcp_1m": Case("TCP, 1 MiB, 16 connections", "wrk", "tcp", "tcp", "/1048576", 16),
    "rate_2k": Case("HTTP/1.1, 100 B, 2,000 requests/s whatever the answers do", "open_loop", "http", "http"),
    "memory": Case("Memory, with idle HTTP/1.1 connections", "memory", "http", "http"),
    "start": Case("From exec to the first 200", "start", "http", "http"),
}
# What is told of cases beside CPU: (case, figure) → what it is.
OTHER_FIGURES = {
    ("rate_2k", "added_p50_us"): "added to the latency at 2,000 requests/s, p50, µs",
    ("rate_2k", "added_p99_us"): "the same, p99",
    ("rate_2k", "added_p999_us"): "the same, p99.9",
    ("memory", "idle_mib"): "resident memory, MiB",
    ("memory", "mib_with_1000"): "the same, with 1,000 idle connections",
    ("memory", "mib_with_10000"): "the same, with 10,000",
    ("start", "start_ms"): "exec to the first 200, ms",
}
RATE = 2000
IDLE_CONNECTIONS = (1000, 10_000)


def named(name):
    """The cases of a name on the command line."""
    if name == "all":
        return list(CASES)
    if name == "http1":
        return [case for case in CASES if case.startswith("http1_")]
    return [name]


@dataclasses.dataclass(frozen=True)
class Target:
    """One that compares with a peer is for the median of the ratios within rounds; the others for medians."""
    case: str
    figure: str
    most: float | None = None    # of the ratio if there is a peer, else of the figure; None: the lowest of all
    peer: str | None = None


TARGETS = [
    Target("http1_100", "cpu_us", 0.92, "nginx"),
    Target("http1_100", "cpu_us", 0.85, "haproxy"),
    # Two reads and two writes; the wait for events, which many requests share, is a fraction beyond.
    Target("http1_100", "system_calls", 4.05),
    Target("http1_64k", "cpu_us", 0.95, "nginx"),
    Target("http1_1m", "cpu_us", 0.85, "haproxy"),
    Target("http1_close", "cpu_us", 1.00, "nginx"),
    Target("http2", "cpu_us", 0.70, "haproxy"),
    Target("http2_http1", "cpu_us", 1.00, "haproxy"),
    Target("tcp_100", "cpu_us", 1.00, "nginx"),
    Target("tcp_1m", "cpu_us", 0.90, "envoy"),
    Target("rate_2k", "cpu_us"),
    Target("rate_2k", "added_p50_us"),
    Target("rate_2k", "added_p99_us"),
    Target("memory", "idle_mib", 5),
    Target("memory", "mib_with_10000", 8),
    Target("start", "start_ms", 8),
]
