"""Outrigger in the cluster, installed by its chart, and namespaces whose pods get sidecars."""

import cluster
from cluster import eventually, get, helm, kubectl

CHART = cluster.HERE.parent.parent / "charts" / "outrigger"
SYSTEM = "outrigger-system"
INJECT = {"outrigger.dev/inject": "enabled"}


def install(*settings):
    """Installs it, or upgrades what is there, and waits until all of it is ready. `settings`: KEY=VALUE of the chart."""
    # What the operator's pods need is within the strictest of Pod Security's standards.
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SYSTEM, "labels": labels}})
    values = ["image.repository=outrigger.test/outrigger", "image.tag=test", "image.pullPolicy=Never", *settings]
    sets = [argument for value in values for argument in ("--set", value)]
    helm("upgrade", "--install", "outrigger", CHART, "--namespace", SYSTEM, *sets, "--wait", "--timeout", "120s", timeout=150)
    # Ready is who has a root; whether the API server knows it is another matter.
    eventually("the webhooks' bundle", lambda: all(hook["clientConfig"].get("caBundle") for hook in webhooks()))


def webhooks():
    return get("mutatingwebhookconfiguration", "outrigger-injector")["webhooks"]


def operator_pods():
    pods = get("pods", "--selector", "app.kubernetes.io/name=outrigger", namespace=SYSTEM)
    return {pod["metadata"]["name"] for pod in pods if "deletionTimestamp" not in pod["metadata"]}


def has_sidecar(pod):
    return "outrigger-sidecar" in [container["name"] for container in pod["spec"].get("initContainers", [])]


class TestCase(cluster.TestCase):
    """In a namespace whose pods get sidecars."""

    namespace_labels = INJECT

    @classmethod
    def setUpClass(cls):
        install()
        super().setUpClass()

    @classmethod
    def describe_unless_passed(cls):
        if cls.passed < set(cluster.unittest.defaultTestLoader.getTestCaseNames(cls)):
            print(kubectl("logs", "--selector", "app.kubernetes.io/name=outrigger", "--tail", "100", "--prefix", namespace=SYSTEM))
        super().describe_unless_passed()

    @classmethod
    def annotate(cls, kind, name, **annotations):
        """Keys without their prefix, with _ for -; None takes one away."""
        words = [
            f"outrigger.dev/{key.replace('_', '-')}" + ("-" if value is None else f"={value}")
            for key, value in annotations.items()
        ]
        cls.kubectl("annotate", "--overwrite", kind, name, *words)

    @classmethod
    def metrics(cls, pod):
        """Of the sidecar, through the API server as people get at it."""
        return kubectl("get", "--raw", f"/api/v1/namespaces/{cls.namespace}/pods/{pod}:4191/proxy/metrics")
