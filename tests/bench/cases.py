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
    seconds: int = 3               # of load, for one proxy in one round
    rounds: int = 7


@dataclasses.dataclass(frozen=True)
class TailCase:
    """Requests at a fixed rate over HTTP/1.1 to STATIONS backends with WORKERS each, who take exponential times; the
    last of them may be worse than the others."""
    title: str
    load: float                    # of what all of them can do
    mean_ms: float = 2
    long_share: float = 0          # of the requests, whose mean is ...
    long_factor: float = 1         # ... this many times the others'
    slow: float = 1                # the last one's times, of the others'
    failing: float = 0             # the share that the last one answers with a 503 at once, from the first counted on
    stall_ms: int = 0              # one of them at a time, in turn, stands still for so long in each ...
    period_ms: int = 0
    proxies: int = 1               # that share the requests, each knowing its own alone
    passive_health: bool = False   # peers with theirs switched on are measured too
    seconds: int = 3
    rounds: int = 3
    method: str = "tail"

    @property
    def rate(self):
        """Requests a second."""
        mean_seconds = self.mean_ms / 1e3 * (1 + self.long_share * (self.long_factor - 1))
        return round(self.load * WORKERS / mean_seconds * (STATIONS - 1 + 1 / self.slow))


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
TAIL_CASES = {
    "tail_slow": TailCase("One of four backends 10 times slower, at 60 % load", 0.6, slow=10),
    "tail_eight_slow": TailCase("The same, shared by eight proxies", 0.6, slow=10, proxies=8),
    "tail_heavy": TailCase("Of all requests 5 % take 20 times longer, at 70 % load", 0.7, long_share=0.05,
                           long_factor=20, seconds=4),
    "tail_stall": TailCase("One backend at a time stands still for 2 s, at 60 % load", 0.6, mean_ms=4, stall_ms=2000,
                           period_ms=4000, seconds=8),
    "tail_failing": TailCase("One of four backends answers all with a 503 at once, at 50 % load", 0.5, failing=1,
                             passive_health=True),
    "tail_equal": TailCase("Four equal backends, at 80 % load", 0.8, mean_ms=3),
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
STATIONS = 4
WORKERS = 4
WARM_UP_SECONDS = 2    # before what is counted of a tail case
IDLE_CONNECTIONS = (1000, 10_000)
BEST = "best"


def named(name):
    """The cases of a name on the command line."""
    if name == "all":
        return list(CASES)
    if name == "tail":
        return list(TAIL_CASES)
    if name == "http1":
        return [case for case in CASES if case.startswith("http1_")]
    return [name]


@dataclasses.dataclass(frozen=True)
class Target:
    """One that compares with a peer is for the median of the ratios within rounds; the others for medians."""
    case: str
    figure: str
    most: float | None = None    # of the ratio if there is a peer, else of the figure; None: the lowest of all
    peer: str | None = None      # BEST: that one which is the best in the round


BEST = "best"


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
    Target("tail_slow", "p99_us", 0.33, BEST),
    Target("tail_slow", "p999_us", 0.50, BEST),
    Target("tail_eight_slow", "p99_us", 0.33, BEST),
    Target("tail_eight_slow", "p999_us", 0.50, BEST),
    Target("tail_heavy", "p99_us", 1.05, BEST),
    Target("tail_stall", "p99_us"),
    Target("tail_stall", "failed_percent"),
    Target("tail_failing", "p99_us"),
    Target("tail_failing", "failed_percent"),
    Target("tail_equal", "p99_us", 1.05, BEST),
]
