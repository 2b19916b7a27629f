"""What a process costs, out of /proc and strace; and wrk's answer as numbers."""
import os
import re
import subprocess
import time

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def tree(pid):
    """The process and all that descend from it."""
    pids = [pid]
    for parent in pids:
        for task in os.listdir(f"/proc/{parent}/task"):
            with open(f"/proc/{parent}/task/{task}/children", encoding="ascii") as children:
                pids += [int(child) for child in children.read().split()]
    return pids


def cpu_seconds(pids):
    """User and system time so far, of all their threads."""
    ticks = 0
    for pid in pids:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / TICKS_PER_SECOND


def load(cpu, url, connections, seconds):
    """wrk on core `cpu`: (requests answered, requests a second). Raises if a single one went wrong."""
    command = ["taskset", "-c", str(cpu), "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "5s", url]
    text = subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds + 30).stdout
    if "Socket errors" in text or "Non-2xx" in text:
        raise RuntimeError(f"{url}: {' '.join(text.split())}")
    return (int(re.search(r"(\d+) requests in", text).group(1)),
            float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1)))


def round_of(pids, cpu, url, connections, seconds):
    """One measurement: requests, requests a second, CPU microseconds a request."""
    before = cpu_seconds(pids)
    requests, per_second = load(cpu, url, connections, seconds)
    used = cpu_seconds(pids) - before
    return {"requests": requests, "requests_per_second": per_second, "cpu_us_per_request": used / requests * 1e6}


def system_calls_per_request(pids, cpu, url, connections):
    """Counted by strace for two seconds of load; None where strace may not attach."""
    attach = [argument for pid in pids for argument in ("-p", str(pid))]
    tracer = subprocess.Popen(["strace", "-f", "-c", "-qq", *attach], stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + 5
        while not all(is_traced(pid) for pid in pids):
            if tracer.poll() is not None or time.monotonic() > deadline:
                return None
            time.sleep(0.01)
        requests, _ = load(cpu, url, connections, 2)
    finally:
        if tracer.poll() is None:
            tracer.send_signal(2)
        summary = tracer.communicate(timeout=10)[1]
    total = re.search(r"^\s*100\.00\s.*\btotal$", summary, re.MULTILINE)
    return int(total.group(0).split()[3]) / requests if total else None


def is_traced(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as status:
        return not re.search(r"^TracerPid:\s+0$", status.read(), re.MULTILINE)
