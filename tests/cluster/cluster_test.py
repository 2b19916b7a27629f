"""The cluster itself, with nothing of Outrigger in it: that what the other tests rest on is there."""

import cluster
from cluster import eventually
from prometheus import Prometheus


class Cluster(cluster.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.apply(*cluster.server("web", replicas=2), cluster.client("client"))
        cls.rolled_out("web")
        cls.ready("client")

    def both_answer(self, *arguments):
        def answers():
            counts = self.app("client", *arguments)
            self.assertEqual(counts["errors"], {})
            return counts["pods"].keys() == self.pods("web")

        eventually(f"both pods answer {arguments}", answers)

    def test_both_replicas_answer_behind_a_service_found_by_name(self):
        self.both_answer("fetch", "-n", 20, "-anew", "http://web/")
        self.both_answer("fetch", "-n", 20, "-anew", f"http://web.{self.namespace}.svc.cluster.local/")

    def test_a_service_has_an_address_of_both_families(self):
        v4, v6 = self.get("service", "web")["spec"]["clusterIPs"]
        self.both_answer("fetch", "-n", 20, "-anew", f"http://{v4}/")
        self.both_answer("fetch", "-n", 20, "-anew", f"http://[{v6}]/")
        for transport in ([], ["-tcp"]):
            self.assertCountEqual(self.app("client", "dns", *transport, "web")["addresses"], [v4, v6])

    def test_every_protocol_of_the_application(self):
        last = self.app("client", "fetch", "-http2", "http://web/")["last"]
        self.assertEqual(last["protocol"], "HTTP/2.0")
        self.assertEqual(self.app("client", "grpc", "-n", 3, "web:9000")["statuses"], {"SERVING": 3})
        self.assertIn(self.app("client", "first", "http://web/path")["pod"], self.pods("web"))
        answer = self.app("client", "tcp", "web:7000", "a line")
        self.assertIn(answer["banner"].removeprefix("hello from "), self.pods("web"))
        self.assertEqual(answer["echo"], "a line")
        self.assertEqual(self.app("client", "udp", "web:7001", "a line")["echo"], "a line")
        self.assertEqual(self.app("client", "fetch", "http://web/?status=503")["statuses"], {"503": 1})

    def test_a_job_with_a_native_sidecar_completes(self):
        image = {"image": cluster.APP_IMAGE, "imagePullPolicy": "Never"}
        pod = {
            "restartPolicy": "Never",
            "initContainers": [{"name": "sidecar", **image, "restartPolicy": "Always", "args": ["server", "-linger", "0s"]}],
            "containers": [{"name": "work", **image, "args": ["sleep", "1ms"]}],
        }
        self.apply({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "job"}, "spec": {"template": {"spec": pod}}})
        self.kubectl("wait", "--for=condition=Complete", "job/job", "--timeout=60s", timeout=70)

    def test_prometheus_finds_pods_by_the_name_of_a_port(self):
        pod = cluster.client("measured")
        pod["spec"]["containers"][0]["ports"] = [{"name": "outrigger-admin", "containerPort": 4191}]
        self.apply(pod)
        with Prometheus() as prometheus:
            found = eventually("it is scraped", lambda: prometheus.query(f'up{{namespace="{self.namespace}"}}'))
            self.assertEqual([(labels["pod"], value) for labels, value in found], [("measured", 0)])
