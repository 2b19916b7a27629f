"""Measures the sidecar beside HAProxy, nginx and Envoy. usage: bench.py --programs DIR --results DIR [CASE]

The proxy has one core to itself; the load generator and the backends have another. All proxies of a case run at once,
idle, and are measured in turn, round after round, so that whatever else the machine does hits all alike: the ratio of
two proxies within a round says more than either figure. CPU per request is user and system time of the proxy's
processes, so it includes what the kernel's TCP does on their account. Memory and start are of one proxy at a time.

CASE is one of cases.py, http1 (those of HTTP/1.1), all, tail (those of tail latency, which are not in all), or picture,
which measures nothing and draws what there is.
"""
import argparse
import dataclasses
import json
import os
import pathlib
import platform
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import report
import tail_report
from cases import CASES, OTHER_FIGURES, TAIL_CASES, TARGETS, named
from methods import DIRECT, METHODS, ONCE, Stage
from processes import Problem, Processes
from tail import Tail

VERSIONS = {"haproxy": ["haproxy", "-v"], "nginx": ["nginx", "-v"], "envoy": ["envoy", "--version"]}
SHOWN_IN_ROUND = ("cpu_us", "p99_us", "failed_percent", "mib_with_10000", "start_ms")


def enter_own_network():
    """A network namespace of its own has no foreign firewall rules and no foreign traffic; not all may have one."""
    if os.environ.get("OUTRIGGER_BENCH_NETWORK"):
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        try:
            # A client's 10,000 connections to one proxy take as many ports.
            pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").write_text("10000 65000", encoding="ascii")
        except OSError as error:
            print(f"bench: the range of ports stays as it is: {error}", file=sys.stderr)
        return True
    if subprocess.run(["unshare", "-n", "true"], stderr=subprocess.DEVNULL, check=False).returncode != 0:
        return False
    os.environ["OUTRIGGER_BENCH_NETWORK"] = "own"
    os.execvp("unshare", ["unshare", "-n", sys.executable, *sys.argv])


def raise_file_limit():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def run(case, rounds, stage):
    """(rounds, figures that need none, problems by peer). A peer that cannot be measured does not end the case."""
    method = {**METHODS, "tail": Tail}[case.method](case, stage)
    problems = {}

    def attempt(peer, act, *arguments):
        try:
            return act(peer, *arguments)
        except (Problem, OSError) as problem:
            problems[peer] = str(problem)
            print(f"PROBLEM with {peer}: {problem}", flush=True)
            return None

    for peer in method.names():
        attempt(peer, method.begin)
    names = [peer for peer in method.names() if peer not in problems]
    rows = []
    for number in range(1, rounds + 1):
        row = {peer: attempt(peer, method.round_of, number) for peer in names}
        rows.append(report.with_added({peer: figures for peer, figures in row.items() if figures}, DIRECT))
        print(f"round {number} of {rounds}: " + ", ".join(
            f"{peer} {report.written(figure, figures[figure])} {report.FIGURES[figure][0]}"
            for peer, figures in rows[-1].items() for figure in SHOWN_IN_ROUND if figure in figures), flush=True)
    once = {peer: attempt(peer, method.afterwards) or {} for peer in names}
    return rows, once, problems


def measured(name, options, own_network):
    """Everything of one case, as it stands in the results."""
    case = {**CASES, **TAIL_CASES}[name]
    rounds = 1 if case.method in ONCE else options.rounds or case.rounds
    seconds = options.seconds or case.seconds
    print(f"\n{name}: {case.title}; {rounds} round{'s' * (rounds > 1)}", flush=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="outrigger-bench-"))
    processes = Processes(folder)
    cores = os.sched_getaffinity(0)
    stage = Stage(options.programs, folder, processes, max(cores), min(cores), seconds)
    try:
        rows, once, problems = run(case, rounds, stage)
    except Problem as problem:
        rows, once, problems = [], {}, {"backends": str(problem)}
        print(f"PROBLEM with the backends: {problem}", flush=True)
    finally:
        processes.stop_all()
        shutil.rmtree(folder, ignore_errors=True)
    rows_of_peers = report.summary(rows, once)
    if name in TAIL_CASES:
        rows_of_peers = tail_report.with_best(rows_of_peers, rows)
    print("\n".join([*report.table(rows_of_peers), *tail_report.best_lines(rows_of_peers)]))
    return {**dataclasses.asdict(case), "measured_at": time.strftime("%Y-%m-%dT%H:%M:%S%z"), "seconds": seconds,
            "kernel": platform.release(), "own_network": own_network,
            "versions": {peer: version(command) for peer, command in VERSIONS.items()},
            "problems": problems, "summary": rows_of_peers, "rounds": rows}


def version(command):
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return None
    return (answer.stdout + answer.stderr).strip().split("\n")[0].strip()


def conclude(results):
    """What all cases measured so far say together."""
    summaries = {name: case["summary"] for name, case in results.items()}
    for overview in (report.cpu_overview({name: case.title for name, case in CASES.items()}, summaries),
                     report.other_overview(OTHER_FIGURES, summaries),
                     tail_report.overview({name: case.title for name, case in TAIL_CASES.items()}, summaries)):
        heading, rule, *lines = overview
        if lines:
            print("\n" + "\n".join([heading, rule, *lines]))
    print("\nTargets, of the medians:\n" + "\n".join(
        report.target_lines([target for target in TARGETS if target.case in summaries], summaries)))
    for name, case in results.items():
        for peer, problem in case["problems"].items():
            print(f"PROBLEM in {name} with {peer}: {problem}")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--programs", type=pathlib.Path, required=True, help="folder of the compiled programs")
    arguments.add_argument("--results", type=pathlib.Path, required=True,
                           help="folder of results.json; a case replaces what it had there")
    arguments.add_argument("--pictures", type=pathlib.Path, required=True,
                           help="folder of bench.svg, bench-tail.svg and their dark twins")
    arguments.add_argument("--rounds", type=int, help="default: as many as cases.py says, 7 or 3")
    arguments.add_argument("--seconds", type=int, help="of load, for one proxy in one round; default: as cases.py says")
    arguments.add_argument("case", nargs="?", default="all",
                           choices=["all", "http1", *CASES, "tail", *TAIL_CASES, "picture"],
                           metavar="CASE", help="%(choices)s")
    options = arguments.parse_args()
    file = options.results / "results.json"
    results = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    if options.case != "picture":
        if len(os.sched_getaffinity(0)) < 2:
            sys.exit("bench: needs two cores: one for the proxy, one for the load and the backends")
        own_network = enter_own_network()
        raise_file_limit()
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        if not own_network:
            print("In the machine's own network: a private one is not permitted.")
        options.results.mkdir(parents=True, exist_ok=True)
        for name in named(options.case):
            results[name] = measured(name, options, own_network)
            file.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        conclude(results)
        print(f"\nAll figures are in {file}")
    if options.case in ("all", "picture"):
        import picture  # here, as nothing else needs a drawing library
        picture.draw(results, options.pictures)
    if options.case in ("tail", "picture"):
        import tail_picture
        tail_picture.draw(results, options.pictures)
    return 1 if any(results[name]["problems"] for name in named(options.case) if name in results) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
