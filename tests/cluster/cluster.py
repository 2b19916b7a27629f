"""The cluster that tests/cluster/up has brought up, for the tests in it (*_test.py)."""

import concurrent.futures
import json
import pathlib
import subprocess
import time
import unittest
import urllib.parse
import uuid

HERE = pathlib.Path(__file__).resolve().parent
APP_IMAGE = "outrigger.test/app:test"
# What the application's server listens to: see app/server.go.
PORTS = {"http": 8080, "grpc": 9000, "tcp": 7000}
UDP_PORT = 7001


def is_up():
    return pathlib.Path("/run/outrigger-cluster/ready").exists()


def run(*command, stdin=None, timeout=60):
    """Runs a command on the node and returns what it prints. Raises AssertionError, with all of its output, if it fails."""
    done = subprocess.run(
        [HERE / "run", *map(str, command)], input=stdin, capture_output=True, text=True, timeout=timeout, check=False
    )
    if done.returncode != 0:
        raise AssertionError(
            f"{' '.join(map(str, command))}: exit status {done.returncode}\n{done.stdout}{done.stderr}"
        )
    return done.stdout


def kubectl(*arguments, namespace=None, stdin=None, timeout=60):
    where = ["--namespace", namespace] if namespace else []
    return run("kubectl", *where, *arguments, stdin=stdin, timeout=timeout)


def get(*arguments, namespace=None):
    """`kubectl get`: an object, or for several the list of them."""
    found = json.loads(kubectl("get", *arguments, "--output", "json", namespace=namespace))
    return found["items"] if found["kind"].endswith("List") else found


def apply(*objects, namespace=None):
    """Applies objects, given as they are in Kubernetes' JSON."""
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    return kubectl("apply", "--filename", "-", namespace=namespace, stdin=text)


def helm(*arguments, timeout=120):
    return run("helm", *arguments, timeout=timeout)


def http_get(url, **query):
    """The body of what answers a request from the node with 2xx."""
    address = f"{url}?{urllib.parse.urlencode(query)}" if query else url
    return run("curl", "--fail-with-body", "--silent", "--show-error", "--globoff", "--max-time", 10, address)


def eventually(what, probe, seconds=60):
    """Calls `probe` until what it returns is true, which this returns. An AssertionError of it means: not yet."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            last = probe()
            if last:
                return last
        except AssertionError as error:
            last = error
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}; last seen: {last}")
        time.sleep(0.2)


def server(name, replicas=1, *, labels=None, annotations=None, arguments=(), service=None):
    """A Deployment of the application's server, and a dual-stack Service of the same name. `service`: fields that the
    Service's spec gets beside."""
    selector = {"app": name}
    container = {
        "name": "app",
        "image": APP_IMAGE,
        "imagePullPolicy": "Never",
        "args": ["server", *arguments],
        "ports": [{"name": port, "containerPort": number} for port, number in PORTS.items()],
        "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}, "periodSeconds": 1},
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}},
    }
    pod = {
        "metadata": {"labels": {**selector, **(labels or {})}, "annotations": annotations or {}},
        "spec": {"containers": [container], "terminationGracePeriodSeconds": 10},
    }
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {"replicas": replicas, "selector": {"matchLabels": selector}, "template": pod},
    }
    ports = [{"name": port, "port": 80 if port == "http" else number, "targetPort": number} for port, number in PORTS.items()]
    ports.append({"name": "udp", "protocol": "UDP", "port": UDP_PORT})
    spec = {"selector": selector, "ports": ports, "ipFamilyPolicy": "RequireDualStack", **(service or {})}
    return [deployment, {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}]


def client(name, *, labels=None, annotations=None):
    """A Pod that does nothing but wait for `TestCase.app`."""
    container = {"name": "app", "image": APP_IMAGE, "imagePullPolicy": "Never", "args": ["sleep", "24h"]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": name, **(labels or {})}, "annotations": annotations or {}},
        "spec": {"containers": [container], "terminationGracePeriodSeconds": 0},
    }


class Traffic:
    """Requests of the application in a pod, `rate` a second by `callers` at a time, until `end`."""

    def __init__(self, namespace, pod, url, *, rate, callers=1):
        command = ["kubectl", "--namespace", namespace, "exec", "--stdin", pod, "--container", "app", "--", "/app", "fetch"]
        flags = ["-n", "0", "-rate", str(rate), "-c", str(callers), url]
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            [HERE / "run", *command, *flags], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def end(self):
        """What they came to, with how many `seconds` they took."""
        seconds = time.monotonic() - self.began
        try:
            if self.process.poll() is not None:
                raise AssertionError("there was no traffic any more")
            printed, complaints = self.process.communicate(timeout=60)
        finally:
            self.kill()
        if self.process.returncode != 0:
            raise AssertionError(f"traffic: exit status {self.process.returncode}\n{printed}{complaints}")
        return {**json.loads(printed), "seconds": seconds}

    def kill(self):
        self.process.kill()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            stream.close()
        self.process.wait()


class TestCase(unittest.TestCase):
    """Tests in a namespace of their own, one a class, which is removed with all that is in it."""

    # Labels of the namespace.
    namespace_labels = {}

    @classmethod
    def setUpClass(cls):
        cls.passed = set()
        cls.namespace = f"{cls.__name__.lower()}-{uuid.uuid4().hex[:6]}"
        # Objects of the class that belong to no namespace may have its name, too.
        apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": cls.namespace, "labels": cls.namespace_labels}})
        cls.addClassCleanup(kubectl, "delete", "namespace", cls.namespace, "--wait=false")
        cls.addClassCleanup(cls.describe_unless_passed)
        eventually("the namespace's service account", lambda: kubectl("get", "serviceaccount", "default", namespace=cls.namespace))

    @classmethod
    def describe_unless_passed(cls):
        if cls.passed >= set(unittest.defaultTestLoader.getTestCaseNames(cls)):
            return
        print(f"--- the namespace {cls.namespace}")
        print(kubectl("get", "pods,services,endpointslices,jobs", "--output", "wide", namespace=cls.namespace))
        print(kubectl("get", "events", "--sort-by", ".lastTimestamp", namespace=cls.namespace))
        for pod in get("pods", namespace=cls.namespace):
            name = pod["metadata"]["name"]
            print(f"--- logs of {name}")
            try:
                print(kubectl("logs", name, "--all-containers", "--prefix", "--tail", "50", namespace=cls.namespace))
            except AssertionError as error:
                print(error)

    def run(self, result=None):
        before = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) == before:
            self.passed.add(self._testMethodName)

    @classmethod
    def apply(cls, *objects):
        apply(*objects, namespace=cls.namespace)

    @classmethod
    def get(cls, *arguments):
        return get(*arguments, namespace=cls.namespace)

    @classmethod
    def kubectl(cls, *arguments, timeout=60):
        return kubectl(*arguments, namespace=cls.namespace, timeout=timeout)

    @classmethod
    def rolled_out(cls, *deployments, seconds=90):
        for name in deployments:
            cls.kubectl("rollout", "status", f"deployment/{name}", f"--timeout={seconds}s", timeout=seconds + 10)

    @classmethod
    def ready(cls, *pods, seconds=90):
        for name in pods:
            cls.kubectl("wait", "--for=condition=Ready", f"pod/{name}", f"--timeout={seconds}s", timeout=seconds + 10)

    @classmethod
    def pods(cls, app):
        """Names of the pods of a server that are not about to end."""
        found = cls.get("pods", "--selector", f"app={app}")
        return {pod["metadata"]["name"] for pod in found if "deletionTimestamp" not in pod["metadata"]}

    @classmethod
    def app(cls, pod, *arguments, timeout=60):
        """Runs the application in a pod that has it, in a mode that prints JSON."""
        return json.loads(cls.kubectl("exec", pod, "--container", "app", "--", "/app", *arguments, timeout=timeout))

    def traffic(self, pod, url, **pace):
        """A Traffic; one that is not ended is killed with the test."""
        traffic = Traffic(self.namespace, pod, url, **pace)
        self.addCleanup(traffic.kill)
        return traffic

    def unharmed(self, traffic):
        """Ends it: no request may have failed. Returns what they came to."""
        counts = traffic.end()
        self.assertEqual((counts["errors"], set(counts["statuses"])), ({}, {"200"}))
        return counts

    @classmethod
    def app_meanwhile(cls, pod, *arguments, timeout=120):
        """As `app`, while the test goes on: returns a future of its answer."""
        thread = concurrent.futures.ThreadPoolExecutor(max_workers=1)
        future = thread.submit(cls.app, pod, *arguments, timeout=timeout)
        thread.shutdown(wait=False)
        return future
