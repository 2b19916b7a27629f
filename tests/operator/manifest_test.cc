#include "operator/manifest.h"

#include <gtest/gtest.h>

namespace outrigger::op {
namespace {

constexpr const char* kService = R"(apiVersion: v1
kind: Service
metadata:
  name: web
  annotations: {outrigger.dev/policy: "round-robin"}
spec:
  ports: [{port: 80}]
)";

std::vector<std::string> names_of(const Manifest& manifest) {
  std::vector<std::string> names;
  for (const auto& object : manifest.objects) {
    names.push_back(std::string(kube::kind_name(object.kind)) + " " + object.key.text());
  }
  return names;
}

std::string problem_of(const std::string& file, const std::string& text) {
  const auto manifest = read_manifest(file, text);
  return manifest ? "no problem" : manifest.error().text;
}

TEST(Manifest, ReadsEveryKindInSeveralDocuments) {
  const auto manifest = read_manifest("all.yaml", std::string(kService) + R"(---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-1, namespace: shop, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
ports: [{port: 8080}]
endpoints: [{addresses: [10.0.0.1]}]
---
kind: Endpoints
metadata: {name: web}
subsets: []
---
kind: Pod
metadata: {name: a, annotations: {outrigger.dev/weight: "3"}}
---
kind: Node
metadata: {name: n1, namespace: nonsense, labels: {topology.kubernetes.io/zone: west}}
)");
  ASSERT_TRUE(manifest) << manifest.error().text;
  EXPECT_EQ(names_of(*manifest), (std::vector<std::string>{"Service default/web", "EndpointSlice shop/web-1",
                                                           "Endpoints default/web", "Pod default/a", "Node /n1"}));
  const auto& pod = std::get<kube::PodInfo>(manifest->objects[3].value);
  EXPECT_EQ(pod.annotations.traits.weight, 3u);
}

TEST(Manifest, TellsProtocolsAndClusterIps) {
  const auto manifest = read_manifest("all.yaml", R"(kind: Service
metadata: {name: web}
spec: {clusterIP: 10.96.0.7, clusterIPs: [10.96.0.7], ports: [{port: 80, appProtocol: grpc}]}
---
kind: EndpointSlice
metadata: {name: web-1, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
ports: [{port: 8080, appProtocol: kubernetes.io/h2c}]
---
kind: Endpoints
metadata: {name: web}
subsets: [{addresses: [{ip: 10.0.0.1}], ports: [{port: 8080, appProtocol: https}]}]
)");
  ASSERT_TRUE(manifest) << manifest.error().text;
  const auto& service = std::get<model::Service>(manifest->objects.at(0).value);
  EXPECT_EQ(service.cluster_ips, std::vector<std::string>{"10.96.0.7"});
  EXPECT_EQ(service.ports.at(0).protocol, model::Protocol::grpc);
  const auto protocol = [&](std::size_t object) {
    return std::get<kube::SliceGroup>(manifest->objects.at(object).value).slices.at(0).ports.at(0).protocol;
  };
  EXPECT_EQ(protocol(1), model::Protocol::http2);
  EXPECT_EQ(protocol(2), model::Protocol::tcp);
}

TEST(Manifest, TellsWhichZonesEndpointsAreMeantFor) {
  const auto manifest = read_manifest("all.yaml", R"(kind: Service
metadata: {name: web}
spec: {trafficDistribution: PreferSameZone, ports: [{port: 80}]}
---
kind: EndpointSlice
metadata: {name: web-1, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
ports: [{port: 8080}]
endpoints: [{addresses: [10.0.0.1], hints: {forZones: [{name: b}]}}]
)");
  ASSERT_TRUE(manifest) << manifest.error().text;
  EXPECT_TRUE(std::get<model::Service>(manifest->objects.at(0).value).prefers_close);
  const auto& group = std::get<kube::SliceGroup>(manifest->objects.at(1).value);
  EXPECT_EQ(group.slices.at(0).endpoints.at(0).for_zones, std::vector<std::string>{"b"});
}

TEST(Manifest, ReadsListsAsKubectlWritesThem) {
  const auto manifest = read_manifest("list.json", R"({"apiVersion": "v1", "kind": "List", "items": [
    {"kind": "Service", "metadata": {"name": "a"}, "spec": {"ports": [{"port": 80}]}},
    {"kind": "ConfigMap", "metadata": {"name": "other"}}]})");
  ASSERT_TRUE(manifest) << manifest.error().text;
  EXPECT_EQ(names_of(*manifest), std::vector<std::string>{"Service default/a"});
  EXPECT_EQ(manifest->ignored, std::vector<std::string>{"1: ConfigMap 'other'"});
}

TEST(Manifest, NamesFileLineAndReasonOfWhatIsWrong) {
  EXPECT_TRUE(problem_of("web.yaml", "kind: Service\nmetadata: [\n").starts_with("web.yaml:3: "));
  EXPECT_EQ(problem_of("web.yaml", "a: 1\n"), "web.yaml:1: not a manifest; allowed: an object with a kind");
  EXPECT_EQ(problem_of("web.yaml", "[1, 2]\n"), "web.yaml:1: not a manifest; allowed: an object with a kind");
  const std::string port =
      problem_of("web.yaml", "# two\n---\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 70000}]}\n");
  EXPECT_TRUE(port.starts_with("web.yaml:3: Service default/web: ")) << port;
  EXPECT_NE(port.find("70000"), std::string::npos) << port;
  const std::string unquoted =
      problem_of("p.yaml", "kind: Pod\nmetadata: {name: a, annotations: {outrigger.dev/weight: 3}}\n");
  EXPECT_NE(unquoted.find("outrigger.dev/weight"), std::string::npos) << unquoted;
  EXPECT_NE(problem_of("l.yaml", "kind: List\nitems: 3\n"), "no problem");
  EXPECT_NE(problem_of("p.yaml", "kind: Pod\nmetadata: 3\n"), "no problem");
}

TEST(Manifest, KnowsManifestsByTheirNames) {
  for (const char* name : {"a.yaml", "a.yml", "a.json"}) EXPECT_TRUE(is_manifest_name(name)) << name;
  for (const char* name : {"a.txt", "yaml", "a.yaml~", "a.yaml.swp", "4913"})
    EXPECT_FALSE(is_manifest_name(name)) << name;
}

}  // namespace
}  // namespace outrigger::op
