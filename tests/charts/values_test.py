"""Every value of the chart is described, and a wrong one is refused by name."""
import json
import re
import unittest

import chart

# {arguments for helm: what it must say}. The value that is wrong stands in the message, as a JSON pointer.
REFUSED = {
    ("--set", "replicas=0"): "'/replicas': minimum: got 0, want 1",
    ("--set-string", "replicas=2"): "'/replicas': got string, want integer",
    ("--set", "replcias=2"): "additional properties 'replcias' not allowed",
    ("--set", "image.name=x"): "'/image': additional properties 'name' not allowed",
    ("--set", "image.repository="): "'/image/repository'",
    ("--set", "image.repository=has space"): "'/image/repository'",
    ("--set", "image.tag=1"): "'/image/tag': got number, want string",
    ("--set", "image.digest=sha256:123"): "'/image/digest'",
    ("--set", "image.pullPolicy=Sometimes"): "'/image/pullPolicy'",
    ("--set", "imagePullSecrets={registry}"): "'/imagePullSecrets/0': got string, want object",
    ("--set", "resources.limit.memory=1Gi"): "'/resources': additional properties 'limit' not allowed",
    ("--set", "resources.limits.memory=1GB"): "'/resources/limits/memory'",
    ("--set", "podAnnotations.a=1"): "'/podAnnotations/a': got number, want string",
    ("--set", "commonLabels.a=b c"): "'/commonLabels/a'",
    ("--set", "priorityClassName=High"): "'/priorityClassName'",
    ("--set", "nodeSelector.a=true"): "'/nodeSelector/a': got boolean, want string",
    ("--set", "tolerations[0].effect=NoRun"): "'/tolerations/0/effect'",
    ("--set", "affinity.podAffinities.a=b"): "'/affinity': additional properties 'podAffinities' not allowed",
    ("--set", "topologySpreadConstraints[0].maxSkew=1"): "'/topologySpreadConstraints/0': missing properties",
    ("--set", "endpointsSource=pods"): "'/endpointsSource': value must be one of 'slices', 'endpoints'",
    ("--set", "feedScope=all"): "'/feedScope': value must be one of 'cluster', 'namespace'",
    ("--set", "trustDomain=Upper.Case"): "'/trustDomain'",
    ("--set", "bindAddress=10.0.0.1"): "'/bindAddress': value must be one of '::', '0.0.0.0'",
    ("--set", "identity.secret=x"): "'/identity': additional properties 'secret' not allowed",
    ("--set", "identity.existingSecret=Upper"): "'/identity/existingSecret'",
    ("--set", "extraArgs={certificate-life=3600}"): "'/extraArgs/0'",
    ("--set", "injection.mode=cni"): "'/injection/mode': value must be one of 'transparent', 'explicit'",
    ("--set", "injection.resources.requests.cpu=-1"): "'/injection/resources/requests/cpu'",
    ("--set", "injection.proxyUid=0"): "'/injection/proxyUid': minimum: got 0, want 1",
    ("--set", "injection.resources.limits.ephemeral-storage=1Gi"): "additional properties 'ephemeral-storage' not allowed",
    ("--set", "injection.resources.requests.memory=1P"): "'/injection/resources/requests/memory'",
    ("--set", "injection.skipOutboundPorts={60000-70000}"): "'/injection/skipOutboundPorts/0'",
    ("--set", "injection.skipOutboundPorts={0}"): "'/injection/skipOutboundPorts/0'",
    ("--set", "injection.skipOutboundPorts={70000}"): "'/injection/skipOutboundPorts/0'",
    ("--set", "injection.skipOutboundPorts={http}"): "'/injection/skipOutboundPorts/0'",
    ("--set", "service.ipFamilyPolicy=Dual"): "'/service/ipFamilyPolicy'",
    ("--set", "service.ipFamilies={ipv6}"): "'/service/ipFamilies/0': value must be one of 'IPv4', 'IPv6'",
    ("--set-json", "networkPolicy.apiServerPorts=[]"): "'/networkPolicy/apiServerPorts': minItems: got 0, want 1",
    ("--set", "networkPolicy.metricsFrom[0].namespace=x"): "additional properties 'namespace' not allowed",
    ("--set-string", "networkPolicy.enabled=true"): "'/networkPolicy/enabled': got string, want boolean",
    ("--set", "podMonitor.interval=often"): "'/podMonitor/interval'",
    ("--set", "serviceMonitor.scrape=1m"): "'/serviceMonitor': additional properties 'scrape' not allowed",
    ("--set", "prometheusRule.enabled=maybe"): "'/prometheusRule/enabled': got string, want boolean",
    ("--set", "prometheusRule.runbookBaseUrl=two words"): "'/prometheusRule/runbookBaseUrl'",
    ("--set", "dashboards.namespace=a.b"): "'/dashboards/namespace'",
    ("--set", "dashboards.labels.grafana_dashboard=1"): "'/dashboards/labels/grafana_dashboard': got number, want string",
}
# Of a map under one of these the keys are the user's: it is one value.
USERS_KEYS = re.compile(r"(resources|[lL]abels|[aA]nnotations|nodeSelector|affinity)$")


def leaves(values, path=""):
    """{PATH: value} of what can be set."""
    found = {}
    for name, value in values.items():
        where = f"{path}.{name}" if path else name
        found |= leaves(value, where) if isinstance(value, dict) and not USERS_KEYS.search(where) else {where: value}
    return found


def resolved(schema, schemas):
    return schemas["definitions"][schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema


class Values(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.values = leaves(chart.read_yaml({"values": (chart.CHART / "values.yaml").read_text()})["values"])
        cls.schema = json.loads((chart.CHART / "values.schema.json").read_text())

    def test_wrong_ones_are_refused_by_name(self):
        for arguments, message in REFUSED.items():
            with self.subTest(arguments):
                said, status = chart.run(chart.tool("helm"), "template", str(chart.CHART), *arguments)
                self.assertNotEqual(status, 0)
                self.assertIn(message, said)

    def test_each_is_in_the_schema(self):
        for path in self.values:
            schema = self.schema
            for name in path.split("."):
                self.assertIn(name, resolved(schema, self.schema)["properties"], path)
                schema = resolved(schema, self.schema)["properties"][name]

    def test_the_schema_knows_no_others(self):
        known = set()

        def collect(schema, path):
            properties = resolved(schema, self.schema).get("properties", {})
            if not properties or USERS_KEYS.search(path):
                known.add(path)
                return
            for name, inner in properties.items():
                collect(inner, f"{path}.{name}" if path else name)
        collect(self.schema, "")
        self.assertEqual(known - {"global"}, set(self.values))

    def test_the_schema_allows_no_unknown_key_anywhere(self):
        # But in what is Kubernetes's own, and deep: the API server refuses that.
        of_kubernetes = {"global", "nodeAffinity", "podAffinity", "podAntiAffinity", "labelSelector", "namespaceSelector",
                         "podSelector", "ipBlock"}

        def check(schema, name):
            if isinstance(schema, list):
                return [check(inner, name) for inner in schema]
            if not isinstance(schema, dict):
                return None
            if schema.get("type") == "object" and name not in of_kubernetes:
                self.assertIn("additionalProperties", schema, name)
                self.assertIsNot(schema["additionalProperties"], True, name)
            return [check(inner, key) for key, inner in schema.items()]
        check(self.schema, "")

    def test_each_is_in_the_readme_with_its_default(self):
        rows = re.findall(r"^\| `([\w.]+)` \| `(.*?)` \|", (chart.CHART / "README.md").read_text(), re.MULTILINE)
        described = {path: json.loads(default) for path, default in rows}
        self.assertEqual(len(described), len(rows))
        self.assertEqual(described, self.values)


if __name__ == "__main__":
    chart.main()
