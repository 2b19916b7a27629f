"""What is left of Outrigger when it is gone."""

import cluster
import outrigger
from cluster import eventually, helm, kubectl


def inventory():
    """All objects of the cluster but what comes and goes by itself."""
    fleeting = {"events", "events.events.k8s.io", "endpointslices.discovery.k8s.io", "endpoints", "leases.coordination.k8s.io"}
    kinds = [kind for kind in kubectl("api-resources", "--verbs=list", "--output=name").split() if kind not in fleeting]
    names = kubectl("get", ",".join(kinds), "--all-namespaces", "--output=name", "--ignore-not-found")
    return set(names.split())


class Uninstall(cluster.TestCase):
    namespace_labels = outrigger.INJECT

    def test_pods_go_on_new_ones_start_plain_and_nothing_is_left(self):
        helm("uninstall", "outrigger", "--namespace", outrigger.SYSTEM, "--ignore-not-found", "--wait")
        kubectl("delete", "namespace", outrigger.SYSTEM, "--ignore-not-found", timeout=120)
        before = inventory()
        self.assertEqual({name for name in before if "outrigger" in name}, set())
        outrigger.install()
        self.apply(*cluster.server("web", replicas=2), cluster.client("client"))
        self.rolled_out("web")
        self.ready("client")
        self.assertIn("Via", self.app("client", "first", "http://web/")["headers"])

        helm("uninstall", "outrigger", "--namespace", outrigger.SYSTEM, "--wait")
        # Helm waits for what it deletes, but not for the pods of a Deployment.
        eventually("nothing is left in the operator's namespace", lambda: not self.left())
        kubectl("delete", "namespace", outrigger.SYSTEM, timeout=120)
        own = {name for name in inventory() - before if "outrigger" in name}
        self.assertEqual(own, set())

        counts = self.app("client", "fetch", "-n", 100, "http://web/")
        self.assertEqual((counts["errors"], counts["statuses"]), ({}, {"200": 100}))
        self.assertIn("Via", counts["last"]["headers"])
        self.apply(cluster.client("after"))
        self.ready("after")
        self.assertFalse(outrigger.has_sidecar(self.get("pod", "after")))
        self.assertEqual(self.app("after", "fetch", "-n", 10, "http://web/")["statuses"], {"200": 10})
        eventually("the sidecar says that nobody feeds it", self.unfed)

    def left(self):
        kinds = "secrets,leases,configmaps,roles,rolebindings,serviceaccounts,poddisruptionbudgets,networkpolicies,all"
        names = kubectl("get", kinds, "--output=name", namespace=outrigger.SYSTEM).split()
        return [name for name in names if name not in ("configmap/kube-root-ca.crt", "serviceaccount/default")]

    def unfed(self):
        metrics = kubectl("get", "--raw", f"/api/v1/namespaces/{self.namespace}/pods/client:4191/proxy/metrics")
        return "\noutrigger_feed_connected 0\n" in metrics
