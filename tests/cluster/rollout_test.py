"""No request fails while pods come and go, and Outrigger itself changes."""

import cluster
import outrigger
from cluster import eventually, kubectl

RATE = 200


class Rollout(outrigger.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.apply(*cluster.server("web", replicas=3), cluster.client("client"))
        cls.rolled_out("web")
        cls.ready("client")

    def begin(self):
        return self.traffic("client", "http://web/", rate=RATE, callers=4)

    def all_went_well(self, traffic):
        counts = self.unharmed(traffic)
        self.assertGreater(counts["requests"], 0.8 * RATE * counts["seconds"])
        return counts

    def test_a_rolling_update_of_the_server(self):
        before = self.pods("web")
        traffic = self.begin()
        self.kubectl("rollout", "restart", "deployment/web")
        self.rolled_out("web")
        eventually("the former pods are gone", self.three_in_all)
        pods = self.all_went_well(traffic)["pods"]
        self.assertTrue(self.pods("web").isdisjoint(before))
        self.assertLessEqual(self.pods("web") | before, pods.keys())

    def test_pods_deleted_one_by_one(self):
        traffic = self.begin()
        for pod in self.pods("web"):
            self.kubectl("delete", "pod", pod, "--wait=false")
            eventually("three again", lambda gone=pod: len(self.ready_pods() - {gone}) == 3)
        eventually("those deleted are gone", self.three_in_all)
        self.all_went_well(traffic)

    def test_an_upgrade_of_outrigger_and_its_operators_killed(self):
        before = outrigger.operator_pods()
        traffic = self.begin()
        outrigger.install("podAnnotations.upgraded=yes")
        self.assertTrue(outrigger.operator_pods().isdisjoint(before))
        for pod in outrigger.operator_pods():
            kubectl("delete", "pod", pod, "--grace-period=0", "--force", namespace=outrigger.SYSTEM)
        # The server's pods change while there is no operator, or another.
        self.kubectl("rollout", "restart", "deployment/web")
        self.rolled_out("web")
        kubectl("rollout", "status", "deployment/outrigger-operator", "--timeout=90s", namespace=outrigger.SYSTEM, timeout=100)
        eventually("the former pods are gone", self.three_in_all)
        self.all_went_well(traffic)

    def three_in_all(self):
        return len(self.get("pods", "--selector", "app=web")) == 3

    def ready_pods(self):
        def is_ready(pod):
            return any(one["type"] == "Ready" and one["status"] == "True" for one in pod["status"].get("conditions", []))

        found = self.get("pods", "--selector", "app=web")
        return {pod["metadata"]["name"] for pod in found if is_ready(pod) and "deletionTimestamp" not in pod["metadata"]}
