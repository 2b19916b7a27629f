"""What becomes of pods of all kinds that get a sidecar, or are to get none."""

import cluster
import outrigger
from cluster import eventually

IMAGE = {"image": cluster.APP_IMAGE, "imagePullPolicy": "Never"}


def pod(name, *arguments, labels=None, annotations=None, **spec):
    """Runs the application once."""
    container = {"name": "app", **IMAGE, "args": list(arguments)}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": name, **(labels or {})}, "annotations": annotations or {}},
        "spec": {"restartPolicy": "Never", "containers": [container], "terminationGracePeriodSeconds": 5, **spec},
    }


class Pods(outrigger.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.apply(*cluster.server("web", replicas=2), cluster.client("client"))
        cls.rolled_out("web")
        cls.ready("client")

    def ended(self, name):
        """What the pod's application has printed, once it is done and so is the pod."""

        def phase():
            now = self.get("pod", name)["status"]["phase"]
            return now in ("Succeeded", "Failed") and now

        self.assertEqual(eventually(f"{name} ends", phase, 90), "Succeeded", self.kubectl("logs", name))
        return self.kubectl("logs", name, "--container", "app")

    def through_a_sidecar(self, answer):
        """Whether a request came to the server by way of a sidecar, which adds itself to Via."""
        return "Via" in answer["headers"]

    def test_traffic_goes_through_the_sidecar_over_both_families(self):
        for address in self.get("service", "web")["spec"]["clusterIPs"]:
            host = f"[{address}]" if ":" in address else address
            self.assertTrue(self.through_a_sidecar(self.app("client", "first", f"http://{host}/")), address)
        self.assertIn("\noutrigger_redirected 1\n", self.metrics("client"))

    def test_a_job_with_a_sidecar_completes(self):
        template = {"metadata": {"labels": {"app": "job"}}, "spec": pod("job", "first", "http://web/")["spec"]}
        self.apply({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "job"}, "spec": {"template": template}})
        self.kubectl("wait", "--for=condition=Complete", "job/job", "--timeout=90s", timeout=100)
        (done,) = self.get("pods", "--selector", "app=job")
        self.assertTrue(outrigger.has_sidecar(done))

    def test_the_first_request_of_an_application_succeeds(self):
        self.apply(pod("at-once", "first", "http://web/"))
        self.assertIn('"Via"', self.ended("at-once"))

    def test_another_init_container_goes_through_the_sidecar_too(self):
        init = {"name": "fetch", **IMAGE, "args": ["first", "http://web/"]}
        self.apply(pod("with-init", "first", "http://web/", initContainers=[init]))
        self.ended("with-init")
        self.assertIn('"Via"', self.kubectl("logs", "with-init", "--container", "fetch"))

    def counted(self, name, **labels):
        """What series of the client's sidecar come to together, as it counts now."""
        wanted = [f'{key}="{value}"' for key, value in labels.items()]
        lines = [line for line in self.metrics("client").splitlines() if line.split("{")[0].split(" ")[0] == name]
        return sum(float(line.rpartition(" ")[2]) for line in lines if all(label in line for label in wanted))

    def test_pods_of_a_headless_stateful_set_are_reached_one_by_one(self):
        deployment, service = cluster.server("db", replicas=2, service={"clusterIP": "None"})
        spec = {**deployment["spec"], "serviceName": "db"}
        self.apply({**deployment, "kind": "StatefulSet", "spec": spec}, service)
        self.kubectl("rollout", "status", "statefulset/db", "--timeout=90s", timeout=100)
        for name in ("db-0", "db-1"):
            url = f"http://{name}.db:8080/"
            eventually(f"{name} has a name", lambda url=url: self.app("client", "first", url))
            before = self.counted("outrigger_passthrough_connections_total")
            self.assertEqual(self.app("client", "first", url)["pod"], name)
            self.assertEqual(self.counted("outrigger_passthrough_connections_total"), before + 1)

    def test_a_protocol_in_which_the_server_speaks_first(self):
        for _ in range(5):
            answer = self.app("client", "tcp", "web:7000", "a line")
            self.assertIn(answer["banner"].removeprefix("hello from "), self.pods("web"))
            self.assertEqual(answer["echo"], "a line")
        service = f"{self.namespace}/web:7000"
        self.assertEqual(self.counted("outrigger_backend_requests_total", service=service, outcome="success"), 5)

    def test_udp_and_dns_are_untouched(self):
        self.assertEqual(self.app("client", "udp", "web:7001", "a line")["echo"], "a line")
        addresses = self.get("service", "web")["spec"]["clusterIPs"]
        for transport in ([], ["-tcp"]):
            self.assertCountEqual(self.app("client", "dns", *transport, "web")["addresses"], addresses)

    def test_a_limit_range_and_a_quota_keep_no_pod_from_being_made(self):
        limits = [{"type": "Container", "max": {"cpu": "2"}, "default": {"cpu": "1"}}]
        quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "cpu"}, "spec": {"hard": {"limits.cpu": "90"}}}
        self.apply({"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "cpu"}, "spec": {"limits": limits}}, quota)
        try:
            eventually("the quota counts", lambda: "used" in self.get("resourcequota", "cpu").get("status", {}))
            self.apply(pod("limited", "first", "http://web/"))
            self.assertIn('"Via"', self.ended("limited"))
            sidecar = self.get("pod", "limited")["spec"]["initContainers"][1]
            self.assertEqual(sidecar["resources"]["limits"]["cpu"], "1")
            self.assertEqual([one["mountPath"] for one in sidecar["volumeMounts"]], ["/etc/outrigger", "/var/lib/outrigger"])
        finally:
            self.kubectl("delete", "limitrange/cpu", "resourcequota/cpu")

    def test_a_daemon_set_whose_containers_see_each_others_processes(self):
        pod = cluster.client("agent")
        template = {"metadata": {"labels": {"app": "agent"}}, "spec": {**pod["spec"], "shareProcessNamespace": True}}
        spec = {"selector": {"matchLabels": {"app": "agent"}}, "template": template}
        self.apply({"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "agent"}, "spec": spec})
        self.kubectl("rollout", "status", "daemonset/agent", "--timeout=90s", timeout=100)
        (agent,) = self.pods("agent")
        self.assertTrue(self.through_a_sidecar(self.app(agent, "first", "http://web/")))

    def test_a_pod_labelled_disabled_is_untouched(self):
        self.apply(cluster.client("plain", labels={"outrigger.dev/inject": "disabled"}))
        self.ready("plain")
        self.assertFalse(outrigger.has_sidecar(self.get("pod", "plain")))
        self.assertFalse(self.through_a_sidecar(self.app("plain", "first", "http://web/")))

    def test_a_pod_of_its_nodes_network_is_left_alone(self):
        self.apply(pod("on-node", "first", "http://web/", hostNetwork=True, dnsPolicy="ClusterFirstWithHostNet"))
        self.assertNotIn('"Via"', self.ended("on-node"))
        self.assertFalse(outrigger.has_sidecar(self.get("pod", "on-node")))

    def test_a_pod_that_must_run_as_somebody_else_may(self):
        context = {"runAsNonRoot": True, "runAsUser": 1234, "fsGroup": 2345}
        self.apply(pod("as-user", "first", "http://web/", securityContext=context))
        self.assertIn('"Via"', self.ended("as-user"))

    def test_explicit_mode_needs_no_capability(self):
        self.apply(cluster.client("explicit", annotations={"outrigger.dev/mode": "explicit"}))
        self.ready("explicit")
        names = [one["name"] for one in self.get("pod", "explicit")["spec"]["initContainers"]]
        self.assertEqual(names, ["outrigger-sidecar"])
        self.assertFalse(self.through_a_sidecar(self.app("explicit", "first", "http://web/")))
        answer = self.app("explicit", "fetch", "-header", "Host: web", "http://127.0.0.1:4140/")
        self.assertEqual(answer["statuses"], {"200": 1})
        self.assertIn("Via", answer["last"]["headers"])

    def test_a_port_that_is_skipped_does_not_wait_for_the_sidecar(self):
        self.apply(cluster.client("skips", annotations={"outrigger.dev/skip-outbound-ports": "80"}))
        self.ready("skips")
        self.assertFalse(self.through_a_sidecar(self.app("skips", "first", "http://web/")))


class RestrictedPods(outrigger.TestCase):
    """In a namespace that enforces the strictest of Pod Security's standards, which refuses NET_ADMIN."""

    namespace_labels = {**outrigger.INJECT, "pod-security.kubernetes.io/enforce": "restricted"}

    def client(self, name, **more):
        pod = cluster.client(name, **more)
        pod["spec"]["securityContext"] = {"runAsNonRoot": True, "runAsUser": 1234, "seccompProfile": {"type": "RuntimeDefault"}}
        context = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
        pod["spec"]["containers"][0]["securityContext"] = context
        self.apply(pod)
        self.ready(name)
        return self.get("pod", name)

    def test_a_pod_that_would_need_a_capability_starts_without_a_sidecar(self):
        self.assertFalse(outrigger.has_sidecar(self.client("transparent")))

    def test_a_pod_in_explicit_mode_has_one(self):
        self.assertTrue(outrigger.has_sidecar(self.client("explicit", annotations={"outrigger.dev/mode": "explicit"})))
        metrics = self.metrics("explicit")
        self.assertIn("\noutrigger_build_info{", metrics)
        self.assertNotIn("outrigger_redirected", metrics)
