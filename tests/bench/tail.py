"""How the tails of latency are measured: a fixed rate of requests to backends that are busy, slow, stalled or failing.

Stations and proxies begin anew for each measurement, so none inherits a queue or what was learnt before, and in a round
all meet the same arrivals and, request by request, the same service times. Peers are at their defaults but for how they
balance: nobody sends a request again because of an answer's status, and none has passive health that sees one."""
import functools
import resource
import time

import loads
import measure
import peers
import report
from cases import WARM_UP_SECONDS, WORKERS
from methods import BACKEND_HOSTS, BACKEND_PORT, FIRST_PORT

BACKENDS = [f"{host}:{BACKEND_PORT}" for host in BACKEND_HOSTS]
HAPROXY_HEALTH = " check observe layer7 error-limit 5 on-error mark-down"
ENVOY_HEALTH = "\n      outlier_detection: {consecutive_5xx: 5, max_ejection_percent: 50}"


def commands(case, programs):
    """Of each peer. Whose name ends in report.PASSIVE takes a backend out that answered five times in a row with a 5xx:
    HAProxy until two TCP checks, 2 s apart, have succeeded, Envoy for 30 s. nginx is not among them: it counts a
    status as a failure only where it may also send the request again."""
    defaults = {
        "sidecar": peers.sidecar(programs, policy=None),
        "haproxy_leastconn": functools.partial(peers.haproxy, balance="leastconn"),
        "haproxy_random": functools.partial(peers.haproxy, balance="random(2)"),
        "nginx_least_conn": functools.partial(peers.nginx, balancing="least_conn; ", server_options=""),
        "envoy_least_request": functools.partial(peers.envoy, balancing="lb_policy: LEAST_REQUEST"),
        "envoy_full_scan": functools.partial(peers.envoy, balancing=peers.ENVOY_FULL_SCAN),
    }
    with_passive_health = {
        "haproxy_leastconn": functools.partial(peers.haproxy, balance="leastconn", server_options=HAPROXY_HEALTH),
        "envoy_full_scan": functools.partial(peers.envoy, balancing=peers.ENVOY_FULL_SCAN + ENVOY_HEALTH),
    } if case.passive_health else {}
    return {**defaults, **{peer + report.PASSIVE: command for peer, command in with_passive_health.items()}}


def station_arguments(case):
    return [f"workers={WORKERS}", f"mean-ms={case.mean_ms}", f"long-share={case.long_share}",
            f"long-factor={case.long_factor}", f"stall-ms={case.stall_ms}", f"period-ms={case.period_ms}",
            f"quiet-ms={WARM_UP_SECONDS * 1000}", *BACKENDS[:-1],
            f"{BACKENDS[-1]},slow={case.slow},failing={case.failing}"]


class Tail:
    """A method as those of methods.py."""

    def __init__(self, case, stage):
        self._case = case
        self._stage = stage
        self._commands = commands(case, stage.programs)

    def names(self):
        return list(self._commands)

    def begin(self, peer):
        for port in self._ports():
            self._folder(peer, port).mkdir()

    def round_of(self, peer, number):
        processes = self._stage.processes
        try:
            stations = processes.start_listening(
                "stations", self._stage.load_cpu,
                [str(self._stage.programs / "outrigger-test-stations"), *station_arguments(self._case)],
                *((host, BACKEND_PORT) for host in BACKEND_HOSTS))
            proxies = [processes.start_listening(
                f"{peer}-{port}", self._stage.proxy_cpu,
                self._commands[peer]("http", "http", port, BACKENDS, self._folder(peer, port)), ("127.0.0.1", port))
                for port in self._ports()]
            return self._loaded([stations], proxies, number)
        finally:
            processes.stop_all()

    def afterwards(self, peer):
        return {}

    def _ports(self):
        return range(FIRST_PORT, FIRST_PORT + self._case.proxies)

    def _folder(self, peer, port):
        return self._stage.folder / f"{peer}-{port}"

    def _loaded(self, stations, proxies, number):
        """The load's figures, and how busy the proxies and what they are measured with kept their cores."""
        since = time.monotonic(), _busy(stations) + _busy_children(), _busy(proxies)
        command = loads.open_loop(self._stage.programs, "/", [f"127.0.0.1:{port}" for port in self._ports()],
                                  self._case.rate, self._stage.seconds, number, WARM_UP_SECONDS)
        figures = loads.run("tail", command, self._stage.load_cpu, WARM_UP_SECONDS + self._stage.seconds)
        until = time.monotonic(), _busy(stations) + _busy_children(), _busy(proxies)
        passed, load, proxy = (after - before for after, before in zip(until, since, strict=True))
        return {**figures, "proxy_core_percent": proxy / passed * 100, "load_core_percent": load / passed * 100}


def _busy(processes):
    return sum(measure.cpu_seconds([pid for process in processes for pid in measure.tree(process.pid)]))


def _busy_children():
    """Of children that have ended: the load is one."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
