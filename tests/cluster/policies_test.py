"""Where a client's requests go, by what is annotated on Services and pods."""

import cluster
import outrigger
from cluster import eventually
from prometheus import Prometheus


class Policies(outrigger.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.apply(*cluster.server("web", replicas=3), *cluster.server("standby"), *cluster.server("web-v2"))
        cls.apply(cluster.client("client"))
        cls.rolled_out("web", "standby", "web-v2")
        cls.ready("client")
        # What came before is forgotten at once.
        cls.annotate("service", "web", failback_delay="0")

    def setUp(self):
        self.annotate("service", "web", policy=None, weights=None, failover=None)

    def fetch(self, count, url="http://web/", *more):
        counts = self.app("client", "fetch", "-n", count, *more, url)
        self.assertEqual((counts["errors"], counts["statuses"]), ({}, {"200": count}))
        return counts["pods"]

    def shares_come_to_be(self, wanted, count, url="http://web/"):
        """Until of `count` requests each pod gets exactly its part."""
        eventually(f"shares of {wanted}", lambda: self.fetch(count, url) == wanted)

    def test_weights_of_pods(self):
        heavy, *light = sorted(self.pods("web"))
        of_web = f'namespace="{self.namespace}",pod="client",service="{self.namespace}/web:80"'
        self.annotate("pod", heavy, weight=3)
        self.annotate("service", "web", policy="weighted-round-robin")
        with Prometheus() as prometheus:
            self.shares_come_to_be({heavy: 300, light[0]: 100, light[1]: 100}, 500)
            addresses = {pod["status"]["podIP"]: pod["metadata"]["name"] for pod in self.get("pods", "-l", "app=web")}

            def counted():
                found = prometheus.query(f"outrigger_backend_weight{{{of_web}}}")
                return {addresses.get(labels["backend"].rpartition(":")[0]): weight for labels, weight in found}

            eventually("Prometheus tells the weights", lambda: counted() == {heavy: 3, light[0]: 1, light[1]: 1})

            def shares():
                counted = f'outrigger_backend_requests_total{{{of_web},outcome="success"}}'
                found = {labels["backend"]: value for labels, value in prometheus.query(f"increase({counted}[10s])")}
                total = sum(found.values())
                return total > 100 and {addresses[key.rpartition(":")[0]]: round(value / total, 1) for key, value in found.items()}

            traffic = self.app_meanwhile("client", "fetch", "-n", 0, "-for", "20s", "-rate", 100, "http://web/")
            eventually("Prometheus tells the shares", lambda: shares() == {heavy: 0.6, light[0]: 0.2, light[1]: 0.2})
            self.assertEqual(traffic.result()["errors"], {})
        self.annotate("pod", heavy, weight=None)

    def test_least_connections_keeps_away_from_who_is_busy(self):
        self.annotate("service", "web", policy="round-robin")
        long = ["fetch", "-n", 2, "-c", 2, "http://web/?sleep=8s"]

        def used_while_two_are_busy():
            busy = self.app_meanwhile("client", *long)
            with Prometheus() as prometheus:
                query = f'sum(outrigger_backend_in_flight{{namespace="{self.namespace}",pod="client"}})'
                eventually("two are under way", lambda: [value for _, value in prometheus.query(query)] == [2])
            used = set(self.fetch(60))
            self.assertFalse(busy.done())
            return used, set(busy.result()["pods"])

        def only_the_third():
            used, busy = used_while_two_are_busy()
            return used == self.pods("web") - busy

        used, _ = used_while_two_are_busy()
        self.assertEqual(used, self.pods("web"))
        self.annotate("service", "web", policy="least-connections")
        eventually("the third gets them all", only_the_third)

    def test_a_split_over_two_services(self):
        self.annotate("service", "web", weights="web=90,web-v2=10", policy="round-robin")
        (canary,) = self.pods("web-v2")
        eventually("a tenth goes to the other", lambda: 60 <= self.fetch(1000).get(canary, 0) <= 140)

    def test_a_standby_carries_the_load_while_the_primary_is_away(self):
        self.annotate("service", "web", failover="standby")
        (standby,) = self.pods("standby")
        eventually("the primary carries it", lambda: standby not in self.fetch(50))
        traffic = self.app_meanwhile("client", "fetch", "-n", 0, "-for", "60s", "-rate", 50, "http://web/")
        self.kubectl("scale", "deployment/web", "--replicas=0")
        eventually("the standby carries it", lambda: self.fetch(50) == {standby: 50})
        self.kubectl("scale", "deployment/web", "--replicas=3")
        self.rolled_out("web")
        eventually("the primary carries it again", lambda: standby not in self.fetch(50))
        self.assertFalse(traffic.done(), "there was no traffic any more")
        counts = traffic.result()
        self.assertEqual((counts["errors"], set(counts["statuses"])), ({}, {"200"}))

    def test_streams_of_one_grpc_connection_spread_over_all_pods(self):
        # With the default, where the fastest is rightly preferred, as soon as there is more than one at a time.
        counts = self.app("client", "grpc", "-n", 600, "-c", 12, "web:9000")
        self.assertEqual((counts["errors"], counts["statuses"]), ({}, {"SERVING": 600}))
        self.assertEqual(counts["pods"].keys(), self.pods("web"))

        self.annotate("service", "web", policy="round-robin")

        def equal_shares():
            counts = self.app("client", "grpc", "-n", 300, "web:9000")
            return counts["pods"] == dict.fromkeys(self.pods("web"), 100)

        eventually("each gets a third", equal_shares)
