"""usage: pods.py [--pods N] [--seconds N]. What a sidecar costs its pod, in the cluster of tests/cluster: how much later the
pod is ready, and the sidecar's memory and CPU at rest and at 1,000 requests a second. Prints a table."""

import argparse
import json
import pathlib
import statistics
import sys
import time
import uuid

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "cluster"))
import cluster  # noqa: E402
import outrigger  # noqa: E402

TICKS = 100  # a second, of /proc/PID/stat: USER_HZ, the same on every Linux that Debian has
RATE = 1000
FIND = 'for p in /proc/[0-9]*; do [ "$(cat $p/comm)" = outrigger-sidec ] && grep -qs %s $p/cgroup && cat $p/stat $p/status; done; true'


def sidecar(pod):
    """CPU seconds so far, and resident MiB, of a pod's sidecar."""
    (status,) = [one for one in pod["status"]["initContainerStatuses"] if one["name"] == "outrigger-sidecar"]
    text = cluster.run("sh", "-c", FIND % status["containerID"].rpartition("/")[2])
    fields = text.split(") ", 1)[1].split("\n")[0].split()
    (resident,) = [int(line.split()[1]) for line in text.splitlines() if line.startswith("VmRSS:")]
    return (int(fields[11]) + int(fields[12])) / TICKS, resident / 1024


def seconds_to_ready(namespace, name, labels):
    cluster.apply(cluster.client(name, labels=labels), namespace=namespace)
    begin = time.monotonic()
    cluster.kubectl("wait", "--for=condition=Ready", f"pod/{name}", "--timeout=60s", namespace=namespace, timeout=70)
    took = time.monotonic() - begin
    cluster.kubectl("delete", "pod", name, "--now", namespace=namespace)
    return took


def spread(values):
    return f"{statistics.median(values):.2f} ({min(values):.2f}-{max(values):.2f})"


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--pods", type=int, default=9)
    arguments.add_argument("--seconds", type=int, default=30)
    options = arguments.parse_args()
    outrigger.install()
    namespace = f"cost-{uuid.uuid4().hex[:6]}"
    cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": outrigger.INJECT}})
    try:
        plain = {"outrigger.dev/inject": "disabled"}
        cluster.apply(*cluster.server("web", replicas=2, labels=plain), cluster.client("client"), namespace=namespace)
        cluster.kubectl("rollout", "status", "deployment/web", "--timeout=90s", namespace=namespace, timeout=100)
        cluster.kubectl("wait", "--for=condition=Ready", "pod/client", "--timeout=90s", namespace=namespace, timeout=100)
        without, injected = [], []
        for round_number in range(options.pods):
            without.append(seconds_to_ready(namespace, f"plain-{round_number}", plain))
            injected.append(seconds_to_ready(namespace, f"injected-{round_number}", {}))
        print(f"ready after, s: without {spread(without)}, with a sidecar {spread(injected)}, {options.pods} pods each")

        pod = cluster.get("pod", "client", namespace=namespace)
        cpu, resident = sidecar(pod)
        time.sleep(options.seconds)  # what is measured is this time
        after, _ = sidecar(pod)
        print(f"at rest: {resident:.1f} MiB resident, {1000 * (after - cpu) / options.seconds:.2f} m of a core")

        command = ["fetch", "-n", 0, "-for", f"{options.seconds}s", "-rate", RATE, "-c", 8, "http://web/"]
        exec_it = ["exec", "client", "--container", "app", "--", "/app", *command]
        cpu, _ = sidecar(pod)
        counts = json.loads(cluster.kubectl(*exec_it, namespace=namespace, timeout=options.seconds + 60))
        after, resident = sidecar(pod)
        per_second = counts["requests"] / options.seconds
        print(
            f"at {per_second:.0f} requests/s: {resident:.1f} MiB resident, {1000 * (after - cpu) / options.seconds:.1f} m of a core;"
            f" statuses {counts['statuses']}, errors {counts['errors']}, p50 {counts['p50_ms']} ms, p99 {counts['p99_ms']} ms"
        )
    finally:
        cluster.kubectl("delete", "namespace", namespace, "--wait=false")


if __name__ == "__main__":
    main()
