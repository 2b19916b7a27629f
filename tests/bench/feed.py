"""Measures what a feed costs. usage: feed.py --programs DIR --results DIR [--rate N ...]

The real operator between an API server and sidecars of our own, all of both played by one program,
outrigger-test-feed-load; both programs share the machine's cores, so that what the load costs is in the figures.
Without --rate and --streams: the rates of RATES at --subscribers, then idle streams by the thousand.
"""
import argparse
import json
import os
import pathlib
import re
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import measure
from processes import Problem

RATES = (1, 10, 100, 500)
STREAMS = 10_000
SETTLED_S = 2
# What is promised of the case that is promised, and of idle streams.
PROMISED_RATE = 100
PROMISED_SIZE = {"subscribers": 1000, "services": 2000, "endpoints": 10}
MOST_REMOVAL_P99_MS = 100
MOST_RSS_MIB = 150
MOST_STREAM_KIB = 40
MOST_RESTART_S = 60
MOST_GROWTH = 0.10


def memory_kib(pid):
    """{"rss", "peak", "pss"} of a process."""
    found = {}
    for file, names in (("status", {"VmRSS": "rss", "VmHWM": "peak"}), ("smaps_rollup", {"Pss": "pss"})):
        text = pathlib.Path(f"/proc/{pid}/{file}").read_text(encoding="ascii")
        for field, name in names.items():
            found[name] = int(re.search(rf"^{field}:\s+(\d+) kB$", text, re.MULTILINE).group(1))
    return found


class Load:
    """The API server and the sidecars."""

    def __init__(self, program, folder, options):
        self._process = subprocess.Popen(
            [program, folder, str(options.services), str(options.endpoints), str(options.subscriptions),
             str(options.seed)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.pid = self._process.pid
        self._answer()

    def ask(self, command):
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self):
        line = self._process.stdout.readline()
        if not line:
            raise Problem("the load has ended")
        return json.loads(line)

    def stop(self):
        self._process.kill()
        self._process.wait()


class Operator:
    def __init__(self, program, folder, wrapper=()):
        self._folder = pathlib.Path(folder)
        self.feed, self._admin = (f"127.0.0.1:{port}" for port in free_ports(2))
        self._command = [*wrapper, program, "--kubeconfig", f"{folder}/kubeconfig", "--tls-cert", f"{folder}/feed.crt",
                         "--tls-key", f"{folder}/feed.key", "--client-ca", f"{folder}/ca.crt",
                         "--feed-address", self.feed, "--admin-address", self._admin]
        self._process = None

    @property
    def pid(self):
        return self._process.pid

    def start(self):
        with open(self._folder / "operator.log", "ab") as log:
            self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def wait_until_ready(self):
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                with urllib.request.urlopen(f"http://{self._admin}/readyz", timeout=5):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        raise Problem(f"the operator is not ready: {(self._folder / 'operator.log').read_text('utf-8')[-500:]}")

    def kill(self):
        self._process.kill()
        self._process.wait()

    def stop(self):
        if self._process and self._process.poll() is None:
            self._process.terminate()
            self._process.wait()


def free_ports(count):
    """Of this moment, and below those that connections are given."""
    sockets = []
    for port in range(21000, 29000):
        each = socket.socket()
        each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            each.bind(("127.0.0.1", port))
            sockets.append(each)
        except OSError:
            each.close()
        if len(sockets) == count:
            break
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def with_changes(load, operator, rate, seconds):
    """One row of the table."""
    before = sum(measure.cpu_seconds([operator.pid]))
    told = load.ask(f"change {rate} {seconds}")
    used = sum(measure.cpu_seconds([operator.pid])) - before
    return row(rate, told, used, memory_kib(operator.pid))


def row(rate, told, operator_cpu_s, memory):
    propagation = told["propagation"]
    changes = max(propagation["changes"], 1)
    return {"rate": rate, **propagation, "operator_cores": operator_cpu_s / told["seconds"],
            "load_cores": told["cpu_seconds"] / told["seconds"], "bytes_per_change": told["bytes_in"] / changes,
            "bytes_per_line": told["bytes_in"] / max(told["lines"], 1), "losses": told["losses"],
            "misfits": told["misfits"], **{f"{name}_mib": kib / 1024 for name, kib in memory.items()}}


def changing(options, rates):
    """Rows of all rates, with the same streams."""
    with Stage(options) as (load, operator):
        idle = memory_kib(operator.pid)
        connected = load.ask(f"connect {options.subscribers} {operator.feed}")
        time.sleep(SETTLED_S)
        rows = []
        for rate in rates:
            rows.append(with_changes(load, operator, rate, options.seconds))
            print(written_row(rows[-1], options.subscribers), flush=True)
        return {"rows": rows, "connect_s": connected["seconds"], "rss_without_mib": idle["rss"] / 1024,
                **load.ask("check")}


def idle_streams(options, streams):
    """What an idle one weighs, and how all come back."""
    with Stage(options) as (load, operator):
        without = memory_kib(operator.pid)
        connected = load.ask(f"connect {streams} {operator.feed}")
        time.sleep(SETTLED_S)
        before = memory_kib(operator.pid)
        load.ask("lost")
        operator.kill()
        operator.start()
        again = load.ask("again")
        time.sleep(SETTLED_S)
        after = memory_kib(operator.pid)
        changes = with_changes(load, operator, PROMISED_RATE, min(options.seconds, 5))
        return {"streams": streams, "connect_s": connected["seconds"], "restart_s": again["seconds"],
                "restart_bytes": again["bytes"], "kib_a_stream": (before["rss"] - without["rss"]) / streams,
                "rss_mib": before["rss"] / 1024, "rss_after_mib": after["rss"] / 1024,
                "peak_after_mib": after["peak"] / 1024, "with_changes": changes, **load.ask("check")}


class Stage:
    """A load and a ready operator, for a while."""

    def __init__(self, options):
        self._options = options

    def __enter__(self):
        self._folder = tempfile.mkdtemp(prefix="outrigger-feed-")
        self._load = Load(self._options.programs / "outrigger-test-feed-load", self._folder, self._options)
        self._operator = Operator(self._options.programs / "outrigger-operator", self._folder)
        try:
            self._operator.start()
            self._operator.wait_until_ready()
        except Problem:
            self.__exit__()
            raise
        return self._load, self._operator

    def __exit__(self, *_):
        self._operator.stop()
        self._load.stop()
        shutil.rmtree(self._folder, ignore_errors=True)


HEADING = ("| changes/s | interested | removal p50 / p99 / max ms | addition p50 / p99 / max ms | operator cores, per "
           "1,000 | load's cores | RSS (peak) MiB | bytes a change | a line |\n|" + "---|" * 9)


def milliseconds(figures):
    return " / ".join("-" if figures[name] is None else f"{figures[name]:.1f}" for name in ("p50_ms", "p99_ms", "max_ms"))


def written_row(figures, subscribers):
    return (f"| {figures['rate']:g} | {figures['interested']:.1f} | {milliseconds(figures['removals'])} | "
            f"{milliseconds(figures['additions'])} | {figures['operator_cores']:.3f}, "
            f"{figures['operator_cores'] / subscribers * 1000:.3f} | {figures['load_cores']:.3f} | "
            f"{figures['rss_mib']:.0f} ({figures['peak_mib']:.0f}) | {figures['bytes_per_change']:.0f} | "
            f"{figures['bytes_per_line']:.0f} |")


def written_streams(figures):
    return (f"{figures['streams']:,} streams: {figures['kib_a_stream']:.1f} KiB each, {figures['rss_mib']:.0f} MiB in all; "
            f"connected in {figures['connect_s']:.1f} s; after kill -9 all answered again in {figures['restart_s']:.1f} s, "
            f"then {figures['rss_after_mib']:.0f} MiB (peak {figures['peak_after_mib']:.0f}), "
            f"{figures['differing']} sets differ\n{HEADING}\n{written_row(figures['with_changes'], figures['streams'])}")


def problems(results):
    """What is not as promised, a line each."""
    found = []
    changes, streams = results.get("changes"), results.get("streams")
    if changes:
        for each in changes["rows"]:
            if each["unseen"] or each["losses"]:
                found.append(f"{each['rate']:g}/s: {each['unseen']} changes never seen by all, {each['losses']} streams lost")
            if each["rate"] == PROMISED_RATE and results["size"] == PROMISED_SIZE:
                p99 = each["removals"]["p99_ms"]
                if p99 is None or p99 >= MOST_REMOVAL_P99_MS:
                    found.append(f"{each['rate']:g}/s: removal p99 {p99} ms; under {MOST_REMOVAL_P99_MS}")
                if each["rss_mib"] >= MOST_RSS_MIB:
                    found.append(f"{each['rate']:g}/s: RSS {each['rss_mib']:.0f} MiB; under {MOST_RSS_MIB}")
        if changes["differing"]:
            found.append(f"{changes['differing']} sets differ from the API server's at the end")
    if streams:
        if streams["kib_a_stream"] >= MOST_STREAM_KIB:
            found.append(f"a stream weighs {streams['kib_a_stream']:.1f} KiB; under {MOST_STREAM_KIB}")
        if streams["restart_s"] >= MOST_RESTART_S:
            found.append(f"all back after {streams['restart_s']:.1f} s; under {MOST_RESTART_S}")
        if streams["answered"] != streams["subscribers"] or streams["differing"]:
            found.append(f"{streams['subscribers'] - streams['answered']} streams lost, {streams['differing']} sets differ")
        if streams["rss_after_mib"] > streams["rss_mib"] * (1 + MOST_GROWTH):
            found.append(f"RSS {streams['rss_after_mib']:.0f} MiB after the restart, {streams['rss_mib']:.0f} before")
    return found


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    parser.add_argument("--results", type=pathlib.Path, required=True)
    parser.add_argument("--subscribers", type=int, default=PROMISED_SIZE["subscribers"])
    parser.add_argument("--services", type=int, default=PROMISED_SIZE["services"])
    parser.add_argument("--endpoints", type=int, default=PROMISED_SIZE["endpoints"])
    parser.add_argument("--subscriptions", type=int, default=10, help="Services a subscriber asks for (10)")
    parser.add_argument("--rate", type=float, action="append", help="changes a second; this case alone")
    parser.add_argument("--streams", type=int, help="idle streams; this case alone")
    parser.add_argument("--seconds", type=float, default=15, help="of changes at each rate (15)")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def main():
    options = parse_arguments()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    results = {"size": {name: getattr(options, name) for name in PROMISED_SIZE},
               "subscriptions": options.subscriptions, "seed": options.seed, "cores": len(os.sched_getaffinity(0))}
    print(f"{options.subscribers:,} subscribers of {options.subscriptions} Services each, {options.services:,} Services x "
          f"{options.endpoints} endpoints, {options.seconds:g} s a rate, {results['cores']} cores")
    if options.rate or not options.streams:
        print(HEADING, flush=True)
        results["changes"] = changing(options, options.rate or RATES)
    if options.streams or not options.rate:
        results["streams"] = idle_streams(options, options.streams or STREAMS)
        print(written_streams(results["streams"]))
    options.results.mkdir(parents=True, exist_ok=True)
    (options.results / "feed.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    found = problems(results)
    for problem in found:
        print(f"PROBLEM: {problem}")
    return 1 if found else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Problem as problem:
        sys.exit(f"feed: {problem}")
    except KeyboardInterrupt:
        sys.exit(130)
