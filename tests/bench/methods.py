"""How a case is measured. A method starts what the case needs, a proxy by `begin`, and gives one round's figures of it
by `round_of`; what needs no rounds comes from `afterwards`."""
import dataclasses
import pathlib
import socket
import time

import loads
import measure
import peers
import report
from cases import IDLE_CONNECTIONS, RATE
from processes import Problem, Processes, on_core

BACKEND_HOSTS = ("127.0.0.11", "127.0.0.12", "127.0.0.13", "127.0.0.14")
BACKEND_PORT = 9001
FIRST_PORT = 8001
DIRECT = "direct"  # no proxy: the load speaks to a backend


@dataclasses.dataclass
class Stage:
    """What a case is measured with; `folder` is empty at its begin."""
    programs: pathlib.Path
    folder: pathlib.Path
    processes: Processes
    proxy_cpu: int
    load_cpu: int
    seconds: int


class Method:
    def __init__(self, case, stage):
        self.case = case
        self.stage = stage
        self._commands = {"sidecar": peers.sidecar(stage.programs), "haproxy": peers.haproxy, "nginx": peers.nginx,
                          "envoy": peers.envoy}
        self._ports = {peer: port for port, peer in enumerate(self._commands, FIRST_PORT)}
        (self._http2_backends if case.upstream in ("http2", "grpc") else self._http1_backends)()

    def names(self):
        return list(self._commands)

    def address(self, peer):
        return "127.0.0.1", self._ports[peer]

    def command(self, peer):
        folder = self.stage.folder / peer
        folder.mkdir(exist_ok=True)
        return self._commands[peer](self.case.client, self.case.upstream, self._ports[peer],
                                    [f"{host}:{BACKEND_PORT}" for host in BACKEND_HOSTS], folder)

    def begin(self, peer):
        """Raises Problem if there is nothing to measure then."""

    def afterwards(self, peer):
        return {}

    def _http1_backends(self):
        self.stage.processes.start_listening(
            "backends", self.stage.load_cpu,
            [str(self.stage.programs / "outrigger-test-backend"),
             *(f"{host}:{BACKEND_PORT}={host}" for host in BACKEND_HOSTS)],
            *((host, BACKEND_PORT) for host in BACKEND_HOSTS))

    def _http2_backends(self):
        folder = self.stage.folder / "backends"
        folder.mkdir()
        self.stage.processes.start_listening(
            "backends", self.stage.load_cpu,
            peers.nginx_http2_backend([f"{host}:{BACKEND_PORT}" for host in BACKEND_HOSTS], folder),
            *((host, BACKEND_PORT) for host in BACKEND_HOSTS))


class Loaded(Method):
    """All proxies run at once, idle, and get the load in turn."""

    def __init__(self, case, stage):
        super().__init__(case, stage)
        self._pids = {}
        self._frame = stage.folder / "request"
        self._frame.write_bytes(peers.grpc_frame(b"hello"))

    def begin(self, peer):
        process = self.stage.processes.start_listening(peer, self.stage.proxy_cpu, self.command(peer),
                                                       self.address(peer))
        self._load(peer, seconds=1, seed=0)  # fills the pools of connections
        self._pids[peer] = measure.tree(process.pid)

    def round_of(self, peer, number):
        return measure.cost_of(self._pids[peer], lambda: self._load(peer, self.stage.seconds, number))

    def afterwards(self, peer):
        if not self.case.counts_calls:
            return {}
        counts = [measure.system_calls(self._pids[peer], lambda: self._load(peer, seconds, seed=0))
                  for seconds in (1, 4)]
        return {} if None in counts else {"system_calls": report.slope(*counts)}

    def _load(self, peer, seconds, seed):
        address = "{}:{}".format(*self.address(peer))
        return loads.run(self.case.method, self._load_command(address, seconds, seed), self.stage.load_cpu, seconds)

    def _load_command(self, address, seconds, seed):
        if self.case.method == "wrk":
            return loads.wrk(self.case, address, seconds)
        return loads.h2load(self.case, address, seconds, self._frame)


class OpenLoop(Loaded):
    """In one round all get the same arrivals, and so does a backend itself: what a proxy adds is the difference."""

    def names(self):
        return [*super().names(), DIRECT]

    def address(self, peer):
        return (BACKEND_HOSTS[0], BACKEND_PORT) if peer == DIRECT else super().address(peer)

    def begin(self, peer):
        if peer != DIRECT:
            super().begin(peer)

    def round_of(self, peer, number):
        return self._load(peer, self.stage.seconds, number) if peer == DIRECT else super().round_of(peer, number)

    def _load_command(self, address, seconds, seed):
        return loads.open_loop(self.stage.programs, self.case.path, [address], RATE, seconds, seed)


class Memory(Method):
    def round_of(self, peer, _):
        process = self.stage.processes.start_listening(peer, self.stage.proxy_cpu, self.command(peer),
                                                       self.address(peer))
        connections = []
        try:
            figures = {"idle_mib": self._settled(process)}
            for count in IDLE_CONNECTIONS:
                while len(connections) < count:
                    connections.append(socket.create_connection(self.address(peer), 5))
                    if not is_answered(connections[-1], self.case.path):
                        raise Problem(f"connection {len(connections)} got no 200")
                figures[f"mib_with_{count}"] = self._settled(process)
            return figures
        except OSError as error:
            raise Problem(f"after {len(connections)} connections: {error}") from error
        finally:
            for connection in connections:
                connection.close()
            self.stage.processes.stop(process)

    @staticmethod
    def _settled(process):
        time.sleep(1)  # what a program does on its own soon after it starts or accepts
        return measure.resident_mib(measure.tree(process.pid))


class Start(Method):
    def round_of(self, peer, _):
        command = self.command(peer)
        with on_core(self.stage.load_cpu):
            begin = time.monotonic()
            process = self.stage.processes.start(peer, self.stage.proxy_cpu, command)
            try:
                while not self._serves(peer):
                    if process.poll() is not None or time.monotonic() > begin + 10:
                        raise Problem(f"does not serve: {self.stage.processes.last_words(process)}")
                return {"start_ms": (time.monotonic() - begin) * 1e3}
            finally:
                self.stage.processes.stop(process)

    def _serves(self, peer):
        try:
            with socket.create_connection(self.address(peer), 2) as connection:
                return is_answered(connection, self.case.path)
        except OSError:
            return False


def is_answered(connection, path):
    """One request on the connection; true if the answer is a whole 200."""
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode())
    received = b""
    while b"\r\n\r\n" not in received or len(received.split(b"\r\n\r\n", 1)[1]) < int(path[1:]):
        piece = connection.recv(65536)
        if not piece:
            return False
        received += piece
    return received.startswith(b"HTTP/1.1 200 ")


METHODS = {"wrk": Loaded, "h2load": Loaded, "open_loop": OpenLoop, "memory": Memory, "start": Start}
ONCE = {"memory"}  # does not vary from round to round
