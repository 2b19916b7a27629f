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

    def traffic(self, seconds):
        """RATE requests a second, by four at a time; `unharmed` waits for their end."""
        arguments = ["fetch", "-n", 0, "-for", f"{seconds}s", "-rate", RATE, "-c", 4, "http://web/"]
        return self.app_meanwhile("client", *arguments, timeout=seconds + 60)

    def unharmed(self, traffic, seconds):
        self.assertFalse(traffic.done(), "there was no traffic any more")
        counts = traffic.result()
        self.assertEqual((counts["errors"], set(counts["statuses"])), ({}, {"200"}))
        self.assertGreater(counts["requests"], 0.8 * RATE * seconds)
        return counts

    def test_a_rolling_update_of_the_server(self):
        before = self.pods("web")
        traffic = self.traffic(30)
        self.kubectl("rollout", "restart", "deployment/web")
        self.rolled_out("web")
        pods = self.unharmed(traffic, 30)["pods"]
        self.assertTrue(self.pods("web").isdisjoint(before))
        self.assertLessEqual(self.pods("web") | before, pods.keys())

    def test_pods_deleted_one_by_one(self):
        traffic = self.traffic(40)
        for pod in self.pods("web"):
            self.kubectl("delete", "pod", pod, "--wait=false")
            eventually("three again", lambda gone=pod: len(self.ready_pods() - {gone}) == 3)
        self.unharmed(traffic, 40)

    def test_an_upgrade_of_outrigger_and_its_operators_killed(self):
        before = outrigger.operator_pods()
        traffic = self.traffic(100)
        outrigger.install("podAnnotations.upgraded=yes")
        self.assertTrue(outrigger.operator_pods().isdisjoint(before))
        for pod in outrigger.operator_pods():
            kubectl("delete", "pod", pod, "--grace-period=0", "--force", namespace=outrigger.SYSTEM)
        # The server's pods change while there is no operator, or another.
        self.kubectl("rollout", "restart", "deployment/web")
        self.rolled_out("web")
        kubectl("rollout", "status", "deployment/outrigger-operator", "--timeout=90s", namespace=outrigger.SYSTEM, timeout=100)
        self.unharmed(traffic, 100)

    def ready_pods(self):
        def is_ready(pod):
            return any(one["type"] == "Ready" and one["status"] == "True" for one in pod["status"].get("conditions", []))

        found = self.get("pods", "--selector", "app=web")
        return {pod["metadata"]["name"] for pod in found if is_ready(pod) and "deletionTimestamp" not in pod["metadata"]}
