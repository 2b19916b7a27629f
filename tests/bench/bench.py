"""Measures the sidecar beside HAProxy and nginx. usage: bench.py --programs DIR --results DIR CASE

The proxy has one core to itself; the load generator and the backends have another. All proxies run at once, idle, and
are measured in turn, round after round, so that whatever else the machine does hits all alike: the ratio of two proxies
within a round says more than either figure. CPU per request is user and system time of the proxy's processes, so it
includes what the kernel's TCP does on their account.
"""
import argparse
import dataclasses
import json
import os
import pathlib
import platform
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

import measure
import peers

ROUNDS = 7
SECONDS = 3  # a measurement
BACKENDS = [f"127.0.0.{last}:9001" for last in (11, 12, 13, 14)]
FIRST_PORT = 8001


@dataclasses.dataclass
class Case:
    title: str
    body_bytes: int
    connections: int


CASES = {"http1": Case("HTTP/1.1, kept alive, 100 B, 64 connections", 100, 64)}


class Processes:
    """Starts programs on given cores, and stops them all at the end."""

    def __init__(self, folder):
        self._folder = folder
        self._running = []

    def start(self, name, cpu, command, listens_on):
        """Returns the process once it accepts connections."""
        with open(self._folder / f"{name}.log", "wb") as log:
            process = subprocess.Popen(["taskset", "-c", str(cpu), *command], stdout=log, stderr=log)
        self._running.append(process)
        deadline = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(listens_on, 1).close()
                return process
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    log_text = (self._folder / f"{name}.log").read_text(errors="replace")
                    sys.exit(f"bench: {name} does not listen on {listens_on}:\n{log_text[-2000:]}")
                time.sleep(0.01)

    def stop_all(self):
        for process in self._running:
            process.terminate()
        for process in self._running:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()


def enter_own_network():
    """A network namespace of its own has no foreign firewall rules and no foreign traffic; not everyone may have one."""
    if os.environ.get("OUTRIGGER_BENCH_NETWORK"):
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        return True
    if subprocess.run(["unshare", "-n", "true"], stderr=subprocess.DEVNULL, check=False).returncode != 0:
        return False
    os.environ["OUTRIGGER_BENCH_NETWORK"] = "own"
    os.execvp("unshare", ["unshare", "-n", sys.executable, *sys.argv])


def run(case, programs, folder, processes):
    proxy_cpu, load_cpu = max(os.sched_getaffinity(0)), min(os.sched_getaffinity(0))
    name = "x" * (case.body_bytes - 1)  # and the newline that the backend adds
    processes.start("backend", load_cpu,
                    [str(programs / "outrigger-test-backend"), *(f"{backend}={name}" for backend in BACKENDS)],
                    ("127.0.0.11", 9001))
    commands = {"sidecar": peers.sidecar(programs), "haproxy": peers.haproxy, "nginx": peers.nginx}
    proxies = {}
    for port, (peer, command) in enumerate(commands.items(), FIRST_PORT):
        own = folder / peer
        own.mkdir()
        process = processes.start(peer, proxy_cpu, command(port, BACKENDS, own), ("127.0.0.1", port))
        proxies[peer] = (measure.tree(process.pid), f"http://127.0.0.1:{port}/")

    for _, url in proxies.values():  # fills the pools of connections
        measure.load(load_cpu, url, case.connections, 1)
    rounds = []
    for number in range(1, ROUNDS + 1):
        rounds.append({peer: measure.round_of(pids, load_cpu, url, case.connections, SECONDS)
                       for peer, (pids, url) in proxies.items()})
        print(f"round {number} of {ROUNDS}: " + ", ".join(
            f"{peer} {row['cpu_us_per_request']:.1f} µs" for peer, row in rounds[-1].items()), flush=True)
    calls = {peer: measure.system_calls_per_request(pids, load_cpu, url, case.connections)
             for peer, (pids, url) in proxies.items()}
    return rounds, calls


def summary(rounds, calls):
    rows = {}
    for peer in rounds[0]:
        ratios = [row["sidecar"]["cpu_us_per_request"] / row[peer]["cpu_us_per_request"] for row in rounds]
        rows[peer] = {
            "cpu_us_per_request": statistics.median(row[peer]["cpu_us_per_request"] for row in rounds),
            "requests_per_second": statistics.median(row[peer]["requests_per_second"] for row in rounds),
            "system_calls_per_request": calls[peer],
            "sidecar_cpu_ratio": {"min": min(ratios), "median": statistics.median(ratios), "max": max(ratios)},
        }
    return rows


def print_table(rows):
    print(f"\n{'':10}{'CPU µs/request':>16}{'requests/s':>13}{'system calls':>15}   sidecar/peer CPU: min, median, max")
    for peer, row in rows.items():
        calls = row["system_calls_per_request"]
        ratio = row["sidecar_cpu_ratio"]
        print(f"{peer:10}{row['cpu_us_per_request']:16.1f}{row['requests_per_second']:13,.0f}"
              f"{'-' if calls is None else format(calls, '.2f'):>15}   "
              f"{ratio['min']:.2f}  {ratio['median']:.2f}  {ratio['max']:.2f}")


def version(command):
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    return (answer.stdout + answer.stderr).splitlines()[0]


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--programs", type=pathlib.Path, required=True, help="folder of the compiled programs")
    arguments.add_argument("--results", type=pathlib.Path, required=True, help="folder that gets CASE.json")
    arguments.add_argument("case", choices=CASES)
    options = arguments.parse_args()
    if len(os.sched_getaffinity(0)) < 2:
        sys.exit("bench: needs two cores: one for the proxy, one for the load and the backends")
    own_network = enter_own_network()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

    case = CASES[options.case]
    note = "" if own_network else "; in the machine's own network: a private one is not permitted"
    print(f"{case.title}; {ROUNDS} rounds of {SECONDS} s for each proxy{note}", flush=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="outrigger-bench-"))
    processes = Processes(folder)
    try:
        rounds, calls = run(case, options.programs, folder, processes)
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        processes.stop_all()
        shutil.rmtree(folder, ignore_errors=True)
    rows = summary(rounds, calls)
    print_table(rows)
    options.results.mkdir(parents=True, exist_ok=True)
    result = options.results / f"{options.case}.json"
    result.write_text(json.dumps({
        "case": dataclasses.asdict(case), "kernel": platform.release(), "own_network": own_network,
        "versions": {"haproxy": version(["haproxy", "-v"]), "nginx": version(["nginx", "-v"])},
        "summary": rows, "rounds": rounds}, indent=1) + "\n")
    print(f"\nAll figures are in {result}")


if __name__ == "__main__":
    main()
