"""The chart's objects before a real API server: whether they are valid and admitted, what they allow, and what becomes of
them when helm installs, upgrades, tests and uninstalls.
"""
import base64
import copy
import os
import pathlib
import subprocess
import tempfile
import unittest

import api_server
import chart
import schemas

OPERATOR = f"system:serviceaccount:{chart.NAMESPACE}:outrigger-operator"
CHECK = f"system:serviceaccount:{chart.NAMESPACE}:outrigger-check"
IN_NAMESPACE = f"/api/v1/namespaces/{chart.NAMESPACE}"
SECRET = f"{IN_NAMESPACE}/secrets/outrigger-identity"
LEASE = f"/apis/coordination.k8s.io/v1/namespaces/{chart.NAMESPACE}/leases/outrigger-operator"
WEBHOOKS = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/outrigger-injector"
DEPLOYMENT = f"/apis/apps/v1/namespaces/{chart.NAMESPACE}/deployments/outrigger-operator"
CHECK_POD = f"{IN_NAMESPACE}/pods/outrigger-check"
MONITORING = ("podmonitors", "servicemonitors", "prometheusrules")

server = None


def namespace(name, **labels):
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def setUpModule():
    global server
    server = api_server.ApiServer()
    unittest.addModuleCleanup(server.stop)
    server.create(namespace(chart.NAMESPACE, **{"pod-security.kubernetes.io/enforce": "restricted"}))
    server.create(namespace("monitoring"))
    crds = chart.folder_of("OUTRIGGER_CHART_CRDS")
    [*definitions] = chart.read_yaml({kind: (crds / f"{kind}.yaml").read_text() for kind in MONITORING}).values()
    for definition in definitions:
        server.create(definition)
    kinds = {definition["spec"]["names"]["kind"] for definition in definitions}

    def described():
        return kinds <= {name.split(".")[-1] for name in server.get("/openapi/v2")["definitions"]}
    api_server.eventually(described, "the custom resources are described")


class Objects(unittest.TestCase):
    def test_keep_to_the_schemas(self):
        with tempfile.TemporaryDirectory() as folder:
            schemas.write(server.get("/openapi/v2"), pathlib.Path(folder))
            for name, values in chart.VALUES.items():
                with self.subTest(name):
                    said, status = chart.run(
                        chart.tool("kubeconform"), "-strict", "-summary", "-schema-location",
                        f"{folder}/{schemas.LOCATION}", input=chart.render(*values))
                    self.assertEqual(status, 0, said)
                    self.assertIn("Invalid: 0, Errors: 0, Skipped: 0", said)
            said, status = chart.run(chart.tool("kubeconform"), "-strict", "-schema-location",
                                     f"{folder}/{schemas.LOCATION}",
                                     input=chart.render().replace("  sideEffects:", "  sideEffect:"))
            self.assertNotEqual(status, 0)
            self.assertIn("sideEffect", said)

    def test_are_accepted(self):
        for name, values in chart.VALUES.items():
            for found in chart.read_objects(chart.render(*values)):
                with self.subTest(name, object=f"{found['kind']} {found['metadata']['name']}"):
                    server.create(found, dry_run=True)

    def test_manifests_are_accepted(self):
        for found in chart.read_objects((chart.ROOT / "manifests" / "outrigger.yaml").read_text())[1:]:
            server.create(found, dry_run=True)

    def test_pods_are_admitted_where_pod_security_is_restricted(self):
        for name, values in chart.VALUES.items():
            [deployment] = [found for found in chart.objects(*values).values() if found["kind"] == "Deployment"]
            template = deployment["spec"]["template"]
            pod = {"apiVersion": "v1", "kind": "Pod", "spec": template["spec"],
                   "metadata": template["metadata"] | {"name": "operator", "namespace": chart.NAMESPACE}}
            with self.subTest(name):
                server.create(pod, dry_run=True)
        # The namespace does enforce it.
        privileged = copy.deepcopy(pod)
        del privileged["spec"]["containers"][0]["securityContext"]
        with self.assertRaises(api_server.Refused) as refused:
            server.create(privileged, dry_run=True)
        self.assertIn("PodSecurity", str(refused.exception))


class Release(unittest.TestCase):
    """One that is installed for each test, and uninstalled after it."""

    def helm(self, *arguments):
        return chart.helm(*arguments, "--namespace", chart.NAMESPACE, "--kubeconfig", str(server.kubeconfig))

    def setUp(self):
        self.before = server.inventory()
        self.helm("install", "outrigger", str(chart.CHART))
        self.addCleanup(self.uninstall)

    def uninstall(self):
        self.helm("uninstall", "outrigger")
        self.assertEqual(server.inventory(), self.before)

    def may(self, user, verb, resource, name="", group="", ns=None):
        review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
                  "spec": {"user": user, "groups": ["system:serviceaccounts", "system:authenticated"],
                           "resourceAttributes": {"verb": verb, "group": group, "resource": resource, "name": name,
                                                  "namespace": chart.NAMESPACE if ns is None else ns}}}
        answer = server.request("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", review)
        return answer["status"]["allowed"]

    def write_as_the_operator(self):
        """What the operator keeps in objects of the chart, each with no more rights than it has."""
        server.patch(SECRET, {"data": {"tls.crt": base64.b64encode(b"root").decode()}}, user=OPERATOR)
        server.patch(LEASE, {"spec": {"holderIdentity": "operator-1", "leaseDurationSeconds": 15}}, user=OPERATOR)
        webhooks = server.get(WEBHOOKS, user=OPERATOR)
        for webhook in webhooks["webhooks"]:
            webhook["clientConfig"]["caBundle"] = CERTIFICATE
        server.request("PUT", WEBHOOKS, webhooks, user=OPERATOR)

    def kept(self):
        secret, lease, webhooks = server.get(SECRET), server.get(LEASE), server.get(WEBHOOKS)
        return (secret["data"]["tls.crt"], lease["spec"]["holderIdentity"],
                {webhook["clientConfig"].get("caBundle") for webhook in webhooks["webhooks"]})

    def test_is_empty_where_the_operator_writes(self):
        self.assertNotIn("data", server.get(SECRET))
        self.assertNotIn("holderIdentity", server.get(LEASE).get("spec", {}))

    def test_upgrades_leave_what_the_operator_has_written(self):
        self.write_as_the_operator()
        written = self.kept()
        self.helm("upgrade", "outrigger", str(chart.CHART), "--set", "replicas=3,commonLabels.team=platform")
        self.assertEqual(server.get(DEPLOYMENT)["spec"]["replicas"], 3)
        self.assertEqual(server.get(SECRET)["metadata"]["labels"]["team"], "platform")
        self.assertEqual(self.kept(), written)
        self.helm("rollback", "outrigger", "1")
        self.assertEqual(server.get(DEPLOYMENT)["spec"]["replicas"], 2)
        self.assertEqual(self.kept(), written)

    def test_goes_wholly_with_every_switch_on(self):
        self.helm("upgrade", "outrigger", str(chart.CHART), "--values", str(chart.HERE / "values" / "everything.yaml"))
        self.assertTrue(server.exists("/api/v1/namespaces/monitoring/configmaps/outrigger-balancer-dashboard-overview"))

    def test_the_operator_may_do_what_it_needs_and_no_more(self):
        discovery, leases, reviews = "discovery.k8s.io", "coordination.k8s.io", "authentication.k8s.io"
        webhooks, rbac = "admissionregistration.k8s.io", "rbac.authorization.k8s.io"
        allowed = [(verb, resource, "", "", "") for verb in ("list", "watch")
                   for resource in ("services", "pods", "nodes")]
        allowed += [("list", "namespaces", "", "", "")]
        allowed += [(verb, "endpointslices", "", discovery, "") for verb in ("list", "watch")]
        allowed += [("create", "events", "", "", "shop"), ("create", "tokenreviews", "", reviews, "")]
        allowed += [(verb, "mutatingwebhookconfigurations", "outrigger-injector", webhooks, "") for verb in ("get", "update")]
        allowed += [(verb, "secrets", "outrigger-identity", "", None) for verb in ("get", "patch")]
        allowed += [(verb, "leases", "outrigger-operator", leases, None) for verb in ("get", "patch")]
        for request in allowed:
            self.assertTrue(self.may(OPERATOR, *request), request)
        refused = [(verb, resource, "", "", "shop") for verb in ("create", "update", "patch", "delete", "deletecollection")
                   for resource in ("services", "pods", "endpoints", "configmaps", "serviceaccounts", "secrets")]
        refused += [(verb, "secrets", name, "", ns) for ns in (None, "shop", "") for verb in ("list", "watch", "create", "get")
                    for name in ("", "other")]
        refused += [("delete", "secrets", "outrigger-identity", "", None), ("update", "secrets", "outrigger-identity", "", None)]
        refused += [("create", "leases", "", leases, None), ("patch", "leases", "other", leases, None),
                    ("create", "mutatingwebhookconfigurations", "", webhooks, ""),
                    ("update", "mutatingwebhookconfigurations", "other", webhooks, ""),
                    ("delete", "mutatingwebhookconfigurations", "outrigger-injector", webhooks, ""),
                    ("update", "validatingwebhookconfigurations", "outrigger-injector", webhooks, ""),
                    ("list", "endpoints", "", "", ""), ("get", "configmaps", "outrigger-injection", "", None),
                    ("create", "pods/exec", "", "", None), ("create", "clusterrolebindings", "", rbac, ""),
                    ("create", "serviceaccounts/token", "outrigger-operator", "", None),
                    ("impersonate", "users", "admin", "", "")]
        for request in refused:
            self.assertFalse(self.may(OPERATOR, *request), request)

    def test_the_operator_may_read_endpoints_where_these_are_its_source(self):
        self.helm("upgrade", "outrigger", str(chart.CHART), "--set", "endpointsSource=endpoints")
        self.assertTrue(self.may(OPERATOR, "watch", "endpoints", ns=""))
        self.assertFalse(self.may(OPERATOR, "watch", "endpointslices", group="discovery.k8s.io", ns=""))

    def test_the_operator_may_not_write_a_secret_of_others(self):
        self.helm("upgrade", "outrigger", str(chart.CHART), "--set", "identity.existingSecret=root")
        self.assertFalse(server.exists(SECRET))
        self.assertTrue(self.may(OPERATOR, "get", "secrets", "root"))
        self.assertFalse(self.may(OPERATOR, "patch", "secrets", "root"))

    def run_check(self, phase):
        """`helm test`, whose pod comes to that end as a kubelet would tell it; what was said, and the exit status."""
        command = [chart.tool("helm"), "test", "outrigger", "--namespace", chart.NAMESPACE, "--kubeconfig",
                   str(server.kubeconfig), "--timeout", "60s"]
        with subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as running:
            api_server.eventually(lambda: server.exists(CHECK_POD), "the pod of `helm test` is there")
            self.check_may_read_only()
            server.patch(f"{CHECK_POD}/status", {"status": {"phase": phase}})
            said, _ = running.communicate(timeout=60)
        return said, running.returncode

    def check_may_read_only(self):
        apps, leases, webhooks = "apps", "coordination.k8s.io", "admissionregistration.k8s.io"
        for resource in ("services", "pods", "namespaces"):
            self.assertTrue(self.may(CHECK, "list", resource, ns=""))
            for verb in ("create", "update", "patch", "delete"):
                self.assertFalse(self.may(CHECK, verb, resource, ns="shop"))
        self.assertTrue(self.may(CHECK, "get", "deployments", "outrigger-operator", apps))
        self.assertTrue(self.may(CHECK, "list", "deployments", "", apps))
        self.assertTrue(self.may(CHECK, "get", "leases", "outrigger-operator", leases))
        self.assertTrue(self.may(CHECK, "get", "pods/proxy"))
        self.assertFalse(self.may(CHECK, "create", "pods/proxy"))
        self.assertFalse(self.may(CHECK, "get", "pods/proxy", ns="shop"))
        self.assertTrue(self.may(CHECK, "get", "mutatingwebhookconfigurations", "outrigger-injector", webhooks, ""))
        self.assertFalse(self.may(CHECK, "update", "mutatingwebhookconfigurations", "outrigger-injector", webhooks, ""))
        self.assertFalse(self.may(CHECK, "get", "secrets", "outrigger-identity"))

    def test_the_check_leaves_nothing_whatever_came_of_it(self):
        before = server.inventory()
        for phase, status in (("Succeeded", 0), ("Failed", 1)):
            said, ended = self.run_check(phase)
            self.assertEqual(ended, status, said)
            self.assertEqual(server.inventory(), before)


# A caBundle must be a certificate, any.
CERTIFICATE = base64.b64encode(subprocess.run(
    ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
     os.devnull, "-subj", "/CN=root", "-days", "1"], check=True, capture_output=True).stdout).decode()


if __name__ == "__main__":
    chart.main()
