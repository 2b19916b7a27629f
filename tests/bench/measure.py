"""What a process costs, out of /proc and strace."""
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
    """(user, system) time so far, of all their threads."""
    user = system = 0
    for pid in pids:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        user += int(fields[11])
        system += int(fields[12])
    return user / TICKS_PER_SECOND, system / TICKS_PER_SECOND


def cost_of(pids, load):
    """What `load()` returns, and what one of its requests cost the processes."""
    before = cpu_seconds(pids)
    figures = load()
    user, system = ((after - since) / figures["requests"] * 1e6
                    for after, since in zip(cpu_seconds(pids), before, strict=True))
    return {**figures, "user_us": user, "system_us": system, "cpu_us": user + system}


def resident_mib(pids):
    kib = 0
    for pid in pids:
        with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as status:
            kib += int(re.search(r"^VmRSS:\s+(\d+) kB$", status.read(), re.MULTILINE).group(1))
    return kib / 1024


def system_calls(pids, load):
    """(requests, system calls) while `load()` runs, counted by strace; None where strace may not attach."""
    attach = [argument for pid in pids for argument in ("-p", str(pid))]
    tracer = subprocess.Popen(["strace", "-f", "-c", "-qq", *attach], stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + 5
        while not all(is_traced(pid) for pid in pids):
            if tracer.poll() is not None or time.monotonic() > deadline:
                return None
            time.sleep(0.01)
        requests = load()["requests"]
    finally:
        if tracer.poll() is None:
            tracer.send_signal(2)
        summary = tracer.communicate(timeout=10)[1]
    total = re.search(r"^\s*100\.00\s.*\btotal$", summary, re.MULTILINE)
    return (requests, int(total.group(0).split()[3])) if total else None


def is_traced(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as status:
        return not re.search(r"^TracerPid:\s+0$", status.read(), re.MULTILINE)
