"""Measures and judges what picks cost. usage: picks.py --program FILE --results DIR

Of several repetitions, in random order, the least CPU time counts: what else the machine does only ever adds. The whole
table is written to the results as JSON and for people.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys

SIZES = (10, 100, 1000, 10000)
# A pick among 10,000 endpoints, and against one among 10: log 10,000 / log 10, and half as much again for what a cache
# does not hold any more.
MOST_NS = 1000
MOST_GROWTH = 6


def least_ns(measured):
    """{what: {policy: {endpoints: ns}}} of Google Benchmark's JSON."""
    table = {}
    for run in measured["benchmarks"]:
        what, policy, size = run["run_name"].split("/")[:3]
        of_policy = table.setdefault(what, {}).setdefault(policy, {})
        of_policy[int(size)] = min(run["cpu_time"], of_policy.get(int(size), float("inf")))
    return table


def problems(table):
    """What is not as promised, a line each."""
    found = []
    for what, policies in sorted(table.items()):
        if not what.startswith("pick"):
            continue
        for policy, ns in policies.items():
            if ns[SIZES[-1]] > MOST_NS:
                found.append(f"{what}, {policy}: {ns[SIZES[-1]]:.0f} ns among {SIZES[-1]} endpoints; at most {MOST_NS}")
            growth = ns[SIZES[-1]] / ns[SIZES[0]]
            if growth > MOST_GROWTH:
                found.append(f"{what}, {policy}: {growth:.1f} times as long among {SIZES[-1]} endpoints as among "
                             f"{SIZES[0]}; at most {MOST_GROWTH}")
    return found


def written(ns):
    for unit, size in (("ms", 1e6), ("µs", 1e3), ("ns", 1)):
        if ns >= size:
            break
    value = ns / size
    return f"{value:.0f} {unit}" if value >= 10 or unit == "ns" else f"{value:.1f} {unit}"


def markdown(table):
    lines = []
    for what, policies in sorted(table.items()):
        lines += [f"| {what} | " + " | ".join(f"{size:,}" for size in SIZES) + " |", "|---|" + "---|" * len(SIZES)]
        lines += [f"| {policy} | " + " | ".join(written(ns[size]) for size in SIZES) + " |"
                  for policy, ns in sorted(policies.items())]
        lines.append("")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--results", type=pathlib.Path, required=True)
    parser.add_argument("--repetitions", type=int, default=5)
    arguments = parser.parse_args()
    arguments.results.mkdir(parents=True, exist_ok=True)
    raw = arguments.results / "picks-raw.json"
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    subprocess.run([arguments.program, "--benchmark_min_time=0.04", f"--benchmark_repetitions={arguments.repetitions}",
                    "--benchmark_enable_random_interleaving=true", f"--benchmark_out={raw}"],
                   check=True, stdout=subprocess.DEVNULL)
    table = least_ns({"benchmarks": [run for run in json.loads(raw.read_text("utf-8"))["benchmarks"]
                                     if run["run_type"] == "iteration"]})
    (arguments.results / "picks.json").write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    (arguments.results / "picks.md").write_text(markdown(table), encoding="utf-8")
    print(markdown(table))
    found = problems(table)
    for problem in found:
        print(f"PROBLEM: {problem}")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
