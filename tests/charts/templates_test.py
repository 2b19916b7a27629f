"""What the chart makes, looked at without a server."""
import itertools
import json
import pathlib
import re
import tempfile
import unittest

import chart

POD_SECURITY = "pod-security.kubernetes.io/enforce"
INJECT = "outrigger.dev/inject"
NAME = "kubernetes.io/metadata.name"


def selects(selector, labels):
    """Whether a label selector that has only matchExpressions with In and NotIn does."""
    def holds(expression):
        has = labels.get(expression["key"]) in expression["values"]
        return {"In": has, "NotIn": not has}[expression["operator"]]
    return all(holds(expression) for expression in selector["matchExpressions"])


def with_labels(found):
    """The labels of an object, and of the pods that it makes."""
    yield found["metadata"]["labels"]
    if found["kind"] == "Deployment":
        yield found["spec"]["template"]["metadata"]["labels"]


class Chart(unittest.TestCase):
    def test_lints_strictly_with_all_values(self):
        for name, values in chart.VALUES.items():
            with self.subTest(name):
                said, status = chart.run(chart.tool("helm"), "lint", "--strict", str(chart.CHART), *values)
                self.assertEqual(status, 0, said)

    def test_has_the_projects_version(self):
        version = re.search(r"project\(outrigger VERSION (\S+)", (chart.ROOT / "CMakeLists.txt").read_text()).group(1)
        described = chart.read_yaml({"chart": (chart.CHART / "Chart.yaml").read_text()})["chart"]
        self.assertEqual((described["version"], described["appVersion"]), (version, version))

    def test_is_refused_where_there_are_no_native_sidecars(self):
        said, status = chart.run(chart.tool("helm"), "template", str(chart.CHART), "--kube-version", "1.28.9")
        self.assertNotEqual(status, 0)
        self.assertIn("1.28.9", said)
        chart.render("--kube-version", "1.29.0-gke.1")

    def test_has_no_custom_resource_definitions(self):
        made = itertools.chain.from_iterable(chart.objects(*values) for values in chart.VALUES.values())
        self.assertFalse([name for name in made if name.startswith("CustomResourceDefinition")])
        self.assertFalse((chart.CHART / "crds").exists())


class Names(unittest.TestCase):
    def test_are_those_that_programs_and_people_count_on(self):
        made = chart.objects()
        for name in ("Deployment outrigger-operator", "Service outrigger-operator", "Lease outrigger-operator",
                     "ServiceAccount outrigger-operator", "PodDisruptionBudget outrigger-operator",
                     "Secret outrigger-identity", "ConfigMap outrigger-injection",
                     "MutatingWebhookConfiguration outrigger-injector"):
            self.assertIn(name, made)
        ports = {port["name"]: port["port"] for port in made["Service outrigger-operator"]["spec"]["ports"]}
        self.assertEqual(ports, {"feed": 8443, "webhook": 443, "metrics": 9090})

    def test_follow_the_release_and_the_overrides(self):
        self.assertIn("Deployment east-outrigger-operator", chart.objects(release="east"))
        self.assertIn("Deployment outrigger-east-operator", chart.objects(release="outrigger-east"))
        self.assertIn("Deployment x-operator", chart.objects("--set", "fullnameOverride=x"))
        self.assertIn("Deployment outrigger-balancer-operator", chart.objects("--set", "nameOverride=balancer"))

    def test_are_never_too_long(self):
        for options in ({"release": "r" * 53}, {"release": "outrigger-" + "r" * 43}):
            for name in chart.objects("--set", "dashboards.enabled=true", **options):
                self.assertLessEqual(len(name.split()[1]), 63, name)

    def test_with_a_namespace_and_a_release_that_look_like_numbers(self):
        made = chart.read_objects(chart.helm("template", "007", str(chart.CHART), "--namespace", "1234"))
        for found in made:
            self.assertIn(found["metadata"].get("namespace", "1234"), ("1234", ))
            self.assertEqual(found["metadata"]["labels"]["app.kubernetes.io/instance"], "007")


class Labels(unittest.TestCase):
    def test_are_on_every_object(self):
        for found in chart.objects(*chart.VALUES["everything"]).values():
            for labels in with_labels(found):
                self.assertEqual(labels["app.kubernetes.io/name"], "balancer")
                self.assertEqual(labels["app.kubernetes.io/instance"], "outrigger")
                self.assertEqual(labels["app.kubernetes.io/part-of"], "outrigger")
                self.assertEqual(labels["team"], "platform")
        self.assertEqual(chart.objects(*chart.VALUES["everything"])["PodMonitor outrigger-balancer-sidecars"]["metadata"]
                         ["labels"]["prometheus"], "main")

    def test_of_the_user_never_replace_those_that_select(self):
        made = chart.objects("--set", r"commonLabels.app\.kubernetes\.io/name=other,podLabels.app\.kubernetes\.io/name=x")
        template = made["Deployment outrigger-operator"]["spec"]["template"]["metadata"]["labels"]
        self.assertEqual(template["app.kubernetes.io/name"], "outrigger")

    def test_that_select_do_not_change_with_version_or_values(self):
        for values in (chart.VALUES["defaults"], chart.VALUES["ipv6"], ["--set", "commonLabels.a=b,podLabels.c=d"]):
            deployment = chart.objects(*values)["Deployment outrigger-operator"]
            self.assertEqual(deployment["spec"]["selector"]["matchLabels"],
                             {"app.kubernetes.io/component": "operator", "app.kubernetes.io/instance": "outrigger",
                              "app.kubernetes.io/name": "outrigger"})


class Operator(unittest.TestCase):
    def test_is_started_anew_when_what_it_injects_changes(self):
        def checksum(*values):
            template = chart.objects(*values)["Deployment outrigger-operator"]["spec"]["template"]
            return template["metadata"]["annotations"]["checksum/injection"]
        self.assertEqual(checksum(), checksum("--set", "replicas=3"))
        self.assertNotEqual(checksum(), checksum("--set", "injection.mode=explicit"))

    def test_is_told_where_everything_is(self):
        made = chart.objects(*chart.VALUES["existing-secret"], release="east")
        container = made["Deployment east-outrigger-operator"]["spec"]["template"]["spec"]["containers"][0]
        arguments = dict(argument[2:].split("=", 1) for argument in container["args"])
        self.assertEqual(arguments["lease"], "outrigger-system/east-outrigger-operator")
        self.assertEqual(arguments["serving-name"], "east-outrigger-operator.outrigger-system.svc")
        self.assertEqual(arguments["service-account"], "east-outrigger-operator")
        self.assertEqual(arguments["identity-secret"], "cert-manager-root")
        for kind, flag in (("MutatingWebhookConfiguration", "webhook-configuration"), ("Lease", "lease")):
            self.assertIn(f"{kind} {arguments[flag].split('/')[-1]}", made)
        self.assertNotIn("Secret", {name.split()[0] for name in made})

    def test_takes_the_image_by_digest_before_tag(self):
        def image(*values):
            made = chart.objects(*values)
            injection = chart.read_yaml(made["ConfigMap outrigger-injection"]["data"])["injection.yaml"]
            container = made["Deployment outrigger-operator"]["spec"]["template"]["spec"]["containers"][0]
            self.assertEqual(container["image"], injection["image"])
            return container["image"]
        digest = "sha256:" + "0" * 64
        self.assertEqual(image(), "outrigger:0.1.0")
        self.assertEqual(image("--set-string", "image.tag=1"), "outrigger:1")
        self.assertEqual(image("--set-string", f"image.tag=1,image.digest={digest}"), f"outrigger@{digest}")


class Injection(unittest.TestCase):
    def test_settings_are_what_the_values_say(self):
        made = chart.objects(*chart.VALUES["everything"], release="outrigger-east")
        settings = chart.read_yaml(made["ConfigMap outrigger-east-balancer-injection"]["data"])["injection.yaml"]
        self.assertEqual(settings, {
            "image": "registry.test/platform/outrigger@sha256:" + "0123456789abcdef" * 4,
            "imagePullPolicy": "Always",
            "operator": "https://outrigger-east-balancer-operator.outrigger-system.svc:8443",
            "tokenAudience": "outrigger",
            "mode": "transparent",
            "proxyUid": 64190,
            "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"cpu": 1, "memory": "256Mi"}},
            "skipOutboundPorts": [53, 10250, "9000-9100"],
        })

    def test_exactly_one_webhook_sees_a_pod_that_is_to_be_injected(self):
        webhooks = chart.objects()["MutatingWebhookConfiguration outrigger-injector"]["webhooks"]
        values = (None, "enabled", "disabled", "nonsense")
        seen = 0
        for in_namespace, in_pod, security, name in itertools.product(
                values, values, (None, "privileged", "baseline", "restricted"), ("shop", "kube-system", "outrigger-system")):
            labels = {INJECT: in_namespace, POD_SECURITY: security, NAME: name}
            paths = [webhook["clientConfig"]["service"]["path"] for webhook in webhooks
                     if selects(webhook["namespaceSelector"], labels) and
                     selects(webhook["objectSelector"], {INJECT: in_pod})]
            wanted = in_pod == "enabled" or (in_namespace == "enabled" and in_pod != "disabled")
            path = "/inject/pod-security-enforced" if security in ("baseline", "restricted") else "/inject"
            self.assertEqual(paths, [path] if wanted and name == "shop" else [], (labels, in_pod))
            seen += len(paths)
        self.assertGreater(seen, 0)

    def test_webhooks_stop_no_pod_and_have_no_bundle_of_their_own(self):
        for webhook in chart.objects()["MutatingWebhookConfiguration outrigger-injector"]["webhooks"]:
            self.assertEqual((webhook["failurePolicy"], webhook["sideEffects"], webhook["timeoutSeconds"],
                              webhook["reinvocationPolicy"]), ("Ignore", "None", 5, "IfNeeded"))
            self.assertNotIn("caBundle", webhook["clientConfig"])


class Observation(unittest.TestCase):
    def test_alerts_are_the_file(self):
        rule = chart.objects(*chart.VALUES["everything"])["PrometheusRule outrigger-balancer"]
        text = (chart.CHART / "rules" / "alerts.yaml").read_text()
        alerts = chart.read_yaml({"alerts": text.replace("RUNBOOK_BASE", "https://wiki.test/outrigger")})["alerts"]
        self.assertEqual(rule["spec"], alerts)
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "rules.yaml"
            file.write_text(json.dumps(rule["spec"]))
            said, status = chart.run("promtool", "check", "rules", str(file))
        self.assertEqual(status, 0, said)

    def test_dashboards_are_the_files(self):
        files = sorted((chart.CHART / "dashboards").glob("*.json"))
        self.assertTrue(files)
        made = chart.objects(*chart.VALUES["everything"])
        for file in files:
            dashboard = made[f"ConfigMap outrigger-balancer-dashboard-{file.stem}"]
            self.assertEqual(json.loads(dashboard["data"][file.name]), json.loads(file.read_text()))
            self.assertEqual(dashboard["metadata"]["labels"]["grafana_dashboard"], "1")
            self.assertEqual(dashboard["metadata"]["annotations"], {"grafana_folder": "Outrigger"})
            self.assertEqual(dashboard["metadata"]["namespace"], "monitoring")

    def test_braces_of_prometheus_and_grafana_are_left_alone(self):
        text = "{{ $labels.service }} {{service}} {{ .Release.Name }} {{ fail `read by Helm` }}"
        with tempfile.TemporaryDirectory() as folder:
            copy = chart.copy_of_chart(folder)
            for name in ("rules", "dashboards"):
                (copy / name).mkdir(exist_ok=True)
            alerts = {"groups": [{"name": "outrigger", "rules": [{"alert": "A", "expr": "1", "annotations": {"a": text}}]}]}
            (copy / "rules" / "alerts.yaml").write_text(json.dumps(alerts))
            (copy / "dashboards" / "braces.json").write_text(json.dumps({"legendFormat": text}, indent=2))
            made = chart.objects("--set", "prometheusRule.enabled=true,dashboards.enabled=true", chart=copy)
        self.assertEqual(made["PrometheusRule outrigger"]["spec"], alerts)
        dashboard = made["ConfigMap outrigger-dashboard-braces"]["data"]["braces.json"]
        self.assertEqual(json.loads(dashboard), {"legendFormat": text})

    def test_is_off_until_it_is_asked_for(self):
        kinds = {name.split()[0] for name in chart.objects()}
        self.assertFalse(kinds & {"PodMonitor", "ServiceMonitor", "PrometheusRule", "NetworkPolicy"})
        self.assertFalse([name for name in chart.objects() if "dashboard" in name])


class Notes(unittest.TestCase):
    def notes(self, *values):
        # Without a server `helm install` does not show them.
        with tempfile.TemporaryDirectory() as folder:
            copy = chart.copy_of_chart(folder)
            (copy / "templates" / "shown.yaml").write_text(
                'text: {{ include (print $.Template.BasePath "/NOTES.txt") . | toJson }}')
            [shown] = chart.read_objects(chart.render("--show-only", "templates/shown.yaml", *values, chart=copy))
        return shown["text"]

    def test_say_what_comes_next(self):
        notes = self.notes()
        for text in ("helm test outrigger --namespace outrigger-system", "outrigger.dev/inject=enabled",
                     "rollout restart", "outrigger.dev/policy=", "outrigger check"):
            self.assertIn(text, notes)
        self.assertNotIn("WARNING", notes)

    def test_warn_of_what_is_odd(self):
        self.assertIn("WARNING: replicas is 1", self.notes("--set", "replicas=1"))
        self.assertIn("outrigger check --namespace other", self.notes("--namespace", "other"))
        self.assertIn("WARNING: prometheusRule", self.notes("--set", "prometheusRule.enabled=true"))
        self.assertIn("http_proxy=http://127.0.0.1:4140", self.notes("--set", "injection.mode=explicit"))
        self.assertIn("Secret root-of-all", self.notes("--set", "identity.existingSecret=root-of-all"))
        self.assertIn("podMonitor.enabled=true", self.notes("--api-versions", "monitoring.coreos.com/v1/PodMonitor"))


class Manifests(unittest.TestCase):
    file = chart.ROOT / "manifests" / "outrigger.yaml"

    def test_are_what_the_chart_makes(self):
        rendered, status = chart.run(str(chart.HERE / "render.sh"))
        self.assertEqual(status, 0, rendered)
        self.assertEqual(self.file.read_text(), rendered, "tests/charts/render.sh > manifests/outrigger.yaml writes them anew")

    def test_have_the_namespace_first_and_nothing_of_helms(self):
        made = chart.read_objects(self.file.read_text())
        self.assertEqual((made[0]["kind"], made[0]["metadata"]["name"]), ("Namespace", chart.NAMESPACE))
        self.assertEqual(made[0]["metadata"]["labels"][POD_SECURITY], "restricted")
        self.assertEqual({found["kind"] for found in made[1:]},
                         {name.split()[0] for name in chart.objects("--no-hooks")})
        for found in made:
            self.assertNotIn("Pod", (found["kind"], ))
            names = list(found["metadata"].get("annotations", {})) + list(found["metadata"]["labels"])
            self.assertFalse([name for name in names if name.startswith("helm.sh/")])
            self.assertNotIn("app.kubernetes.io/managed-by", names)


if __name__ == "__main__":
    chart.main()
