"""Where a client's requests go, by what is annotated on Services and pods."""

import collections
import json

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
        cls.prometheus = cls.enterClassContext(Prometheus())

    def setUp(self):
        self.annotate("service", "web", policy=None, weights=None, failover=None)

    def fetch(self, count, url="http://web/", *more):
        counts = self.app("client", "fetch", "-n", count, *more, url)
        self.assertEqual((counts["errors"], counts["statuses"]), ({}, {"200": count}))
        return counts["pods"]

    def shares_come_to_be(self, wanted, count, url="http://web/"):
        """Until of `count` requests each pod gets exactly its part."""
        eventually(f"shares of {wanted}", lambda: self.fetch(count, url) == wanted)

    def scraped(self, metric, function="", window="", **labels):
        """What Prometheus has of the client's sidecar, a value for each pod that is a backend."""
        labels = {"namespace": self.namespace, "pod": "client", **labels}
        series = f"{metric}{{{','.join(f'{key}={json.dumps(value)}' for key, value in labels.items())}}}{window}"
        pods = {pod["status"].get("podIP"): pod["metadata"]["name"] for pod in self.get("pods")}
        values = collections.Counter()
        for found, value in self.prometheus.query(f"{function}({series})"):
            values[pods.get(found["backend"].rpartition(":")[0])] += value
        return values

    def scraped_shares(self):
        """Of the requests of the last 10 s, rounded; empty while there are few."""
        found = self.scraped("outrigger_backend_requests_total", "increase", "[10s]", outcome="success")
        total = found.total()
        return {pod: round(value / total, 1) for pod, value in found.items() if value > 0} if total > 100 else {}

    def scraped_shares_are(self, wanted):
        self.assertEqual(self.scraped_shares(), wanted)
        return True

    def test_weights_of_pods(self):
        heavy, *light = sorted(self.pods("web"))
        self.annotate("pod", heavy, weight=3)
        self.addCleanup(self.annotate, "pod", heavy, weight=None)
        self.annotate("service", "web", policy="weighted-round-robin")
        self.shares_come_to_be({heavy: 300, light[0]: 100, light[1]: 100}, 500)

        def weights():
            return self.scraped("outrigger_backend_weight", service=f"{self.namespace}/web:80")

        eventually("Prometheus tells the weights", lambda: weights() == {heavy: 3, light[0]: 1, light[1]: 1})
        traffic = self.traffic("client", "http://web/", rate=100)
        wanted = {heavy: 0.6, light[0]: 0.2, light[1]: 0.2}
        eventually("Prometheus tells the shares", lambda: self.scraped_shares_are(wanted))
        self.unharmed(traffic)

    def test_least_connections_keeps_away_from_who_is_busy(self):
        def shares_while_two_are_busy(wanted):
            """Until the shares are what `wanted` says, given the pods that are busy and the one that is not."""
            busy = self.app_meanwhile("client", "fetch", "-n", 2, "-c", 2, "-timeout", "40s", "http://web/?sleep=30s")

            def in_flight():
                return {pod for pod, count in self.scraped("outrigger_backend_in_flight").items() if count == 1}

            pods = eventually("two are under way", lambda: len(in_flight()) == 2 and in_flight())
            (idle,) = self.pods("web") - pods
            traffic = self.traffic("client", "http://web/", rate=50)
            eventually("Prometheus tells the shares", lambda: self.scraped_shares_are(wanted(pods, idle)), 25)
            self.assertEqual(in_flight() & pods, pods)
            self.unharmed(traffic)
            self.assertEqual(busy.result()["pods"].keys(), pods)

        self.annotate("service", "web", policy="round-robin")
        shares_while_two_are_busy(lambda busy, idle: dict.fromkeys([*busy, idle], 0.3))
        self.annotate("service", "web", policy="least-connections")
        shares_while_two_are_busy(lambda busy, idle: {idle: 1})

    def test_a_split_over_two_services(self):
        self.annotate("service", "web", weights="web=90,web-v2=10", policy="round-robin")
        (canary,) = self.pods("web-v2")
        traffic = self.traffic("client", "http://web/", rate=100)
        wanted = {canary: 0.1, **dict.fromkeys(self.pods("web"), 0.3)}
        eventually("a tenth goes to the other", lambda: self.scraped_shares_are(wanted))
        self.unharmed(traffic)

    def test_a_standby_carries_the_load_while_the_primary_is_away(self):
        self.annotate("service", "web", failover="standby")
        (standby,) = self.pods("standby")

        def primary_alone():
            shares = self.scraped_shares()
            return shares and standby not in shares

        traffic = self.traffic("client", "http://web/", rate=50)
        eventually("the primary carries it", primary_alone)
        self.kubectl("scale", "deployment/web", "--replicas=0")
        eventually("the standby carries it", lambda: self.scraped_shares_are({standby: 1}))
        self.kubectl("scale", "deployment/web", "--replicas=3")
        self.rolled_out("web")
        eventually("the primary carries it again", primary_alone)
        self.unharmed(traffic)

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
