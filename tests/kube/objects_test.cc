#include "kube/objects.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace outrigger::kube {
namespace {

using nlohmann::json;

Object parse(Kind kind, const std::string& text) {
  const auto object = parse_object(kind, json::parse(text));
  EXPECT_TRUE(object) << object.error().text;
  return object.value_or(Object{kind, {}, {}});
}

std::string error(Kind kind, const std::string& text) {
  const auto object = parse_object(kind, json::parse(text));
  return object ? "no error" : object.error().text;
}

TEST(ServiceObject, IsReadWhole) {
  const Object object = parse(Kind::service, R"({
    "kind": "Service", "apiVersion": "v1",
    "metadata": {"name": "web", "namespace": "shop", "uid": "u-1", "resourceVersion": "7",
                 "annotations": {"outrigger.dev/policy": "round-robin", "other": ""}},
    "spec": {"clusterIP": "fd00::1", "clusterIPs": ["fd00::1", "10.96.0.1"], "publishNotReadyAddresses": true, "ipFamilies": ["IPv6", "IPv4"],
             "ports": [{"name": "http", "port": 80, "targetPort": "web", "protocol": "TCP", "appProtocol": "http"},
                       {"name": "dns", "port": 53, "protocol": "UDP"}, {"name": "assoc", "port": 99, "protocol": "SCTP"}]}})");
  EXPECT_EQ(object.kind, Kind::service);
  EXPECT_EQ(object.key, (model::ObjectKey{"shop", "web"}));
  model::Service expected;
  expected.key = {"shop", "web"};
  expected.uid = "u-1";
  expected.annotations = {{"outrigger.dev/policy", "round-robin"}, {"other", ""}};
  expected.ports = {{"http", 80, true, model::Protocol::http}, {"dns", 53, false}, {"assoc", 99, false}};
  expected.cluster_ips = {"fd00::1", "10.96.0.1"};
  expected.publish_not_ready_addresses = true;
  expected.ipv6_first = true;
  EXPECT_EQ(std::get<model::Service>(object.value), expected);
}

TEST(ServiceObject, HasTheApisDefaults) {
  const Object object = parse(Kind::service, R"({
    "metadata": {"name": "web", "namespace": "shop", "annotations": null},
    "spec": {"ports": [{"port": 65535}], "ipFamilies": ["IPv4"]}})");
  model::Service expected;
  expected.key = {"shop", "web"};
  expected.ports = {{"", 65535, true}};
  EXPECT_EQ(std::get<model::Service>(object.value), expected);
}

TEST(ServiceObject, MayTellItsClusterIpInTheOlderFieldAlone) {
  const auto ips = [](const std::string& spec) {
    const Object object =
        parse(Kind::service, R"({"metadata": {"name": "web", "namespace": "shop"}, "spec": )" + spec + "}");
    return std::get<model::Service>(object.value).cluster_ips;
  };
  using Ips = std::vector<std::string>;
  EXPECT_EQ(ips(R"({"clusterIP": "10.96.0.1"})"), Ips{"10.96.0.1"});
  EXPECT_EQ(ips(R"({"clusterIP": "10.96.0.1", "clusterIPs": null})"), Ips{"10.96.0.1"});
  EXPECT_EQ(ips(R"({"clusterIP": "None", "clusterIPs": ["None"]})"), Ips{"None"});
  EXPECT_EQ(ips(R"({"clusterIP": ""})"), Ips{});
}

TEST(ServiceObject, MayPreferEndpointsThatAreClose) {
  const auto prefers_close = [](const std::string& value) {
    const Object object = parse(Kind::service, R"({"metadata": {"name": "web", "namespace": "shop"},
                                                   "spec": {"trafficDistribution": )" +
                                                   value + "}}");
    return std::get<model::Service>(object.value).prefers_close;
  };
  for (const char* value : {R"("PreferClose")", R"("PreferSameZone")", R"("PreferSameNode")"}) {
    EXPECT_TRUE(prefers_close(value)) << value;
  }
  for (const char* value : {"null", R"("")", R"("preferclose")", R"("Other")"})
    EXPECT_FALSE(prefers_close(value)) << value;
}

TEST(ServiceObject, MayHaveNoPorts) {
  const Object object = parse(Kind::service, R"({"metadata": {"name": "web", "namespace": "shop"},
                                                 "spec": {"type": "ExternalName", "externalName": "example.test"}})");
  EXPECT_TRUE(std::get<model::Service>(object.value).ports.empty());
}

TEST(ServiceObject, IsRefusedWithFieldValueAndWhatIsAllowed) {
  const auto spec = [](const std::string& inside) {
    return error(Kind::service, R"({"metadata": {"name": "web", "namespace": "shop"}, "spec": {)" + inside + "}}");
  };
  const std::string port_range = " is not allowed; allowed: whole numbers from 1 to 65535";
  EXPECT_EQ(spec(R"("ports": [{"port": 80}, {"port": 70000}])"),
            "Service shop/web: spec.ports[1].port: 70000" + port_range);
  EXPECT_EQ(spec(R"("ports": [{"port": 0}])"), "Service shop/web: spec.ports[0].port: 0" + port_range);
  EXPECT_EQ(spec(R"("ports": [{"port": -1}])"), "Service shop/web: spec.ports[0].port: -1" + port_range);
  EXPECT_EQ(spec(R"("ports": [{"port": 80.5}])"), "Service shop/web: spec.ports[0].port: 80.5" + port_range);
  EXPECT_EQ(spec(R"("ports": [{"port": "80"}])"), "Service shop/web: spec.ports[0].port: '80'" + port_range);
  EXPECT_EQ(spec(R"("ports": [{}])"), "Service shop/web: spec.ports[0].port: nothing" + port_range);
  EXPECT_EQ(spec(R"("ports": {})"), "Service shop/web: spec.ports: an object is not allowed; allowed: a list");
  EXPECT_EQ(spec(R"("ports": [80])"), "Service shop/web: spec.ports[0]: 80 is not allowed; allowed: an object");
  EXPECT_EQ(spec(R"("ports": [{"port": 80, "name": 1}])"),
            "Service shop/web: spec.ports[0].name: 1 is not allowed; allowed: a string");
  EXPECT_EQ(spec(R"("publishNotReadyAddresses": "yes")"),
            "Service shop/web: spec.publishNotReadyAddresses: 'yes' is not allowed; allowed: true, false");
  EXPECT_EQ(spec(R"("ports": [{"port": 80, "appProtocol": 7}])"),
            "Service shop/web: spec.ports[0].appProtocol: 7 is not allowed; allowed: a string");
  EXPECT_EQ(spec(R"("clusterIPs": "10.96.0.1")"),
            "Service shop/web: spec.clusterIPs: '10.96.0.1' is not allowed; allowed: a list");
  EXPECT_EQ(spec(R"("clusterIPs": [7])"), "Service shop/web: spec.clusterIPs[0]: 7 is not allowed; allowed: a string");
  EXPECT_EQ(spec(R"("ipFamilies": [6])"), "Service shop/web: spec.ipFamilies[0]: 6 is not allowed; allowed: a string");
  EXPECT_EQ(error(Kind::service, R"({"metadata": {"name": "web", "namespace": "shop", "annotations": {"a/b": 1}}})"),
            "Service shop/web: metadata.annotations.a/b: 1 is not allowed; allowed: a string");
}

TEST(AnyObject, NeedsItsKey) {
  const std::string text = " is not allowed; allowed: a string that is not empty";
  EXPECT_EQ(error(Kind::service, "{}"), "Service: metadata.name: nothing" + text);
  EXPECT_EQ(error(Kind::endpoints, R"({"metadata": {"name": "web"}})"),
            "Endpoints: metadata.namespace: nothing" + text);
  EXPECT_EQ(error(Kind::pod, R"({"metadata": {"name": ""}})"), "Pod: metadata.name: ''" + text);
  EXPECT_EQ(error(Kind::node, R"({"metadata": []})"), "Node: metadata: a list is not allowed; allowed: an object");
  EXPECT_EQ(error(Kind::endpoint_slice, "[]"), "EndpointSlice: the object: a list is not allowed; allowed: an object");
  EXPECT_EQ(error(Kind::node, R"({"metadata": {"name": ["a"]}})"),
            "Node: metadata.name: a list is not allowed; allowed: a string");
}

TEST(AnyObject, HasAKeyEvenWhenTheRestIsWrong) {
  const json object = json::parse(R"({"metadata": {"name": "web", "namespace": "shop"}, "spec": 1})");
  EXPECT_FALSE(parse_object(Kind::service, object));
  EXPECT_EQ(parse_key(Kind::service, object).value(), (model::ObjectKey{"shop", "web"}));
  EXPECT_EQ(parse_key(Kind::node, object).value(), (model::ObjectKey{"", "web"}));
}

TEST(EndpointSliceObject, IsReadWhole) {
  const Object object = parse(Kind::endpoint_slice, R"({
    "metadata": {"name": "web-x7k", "namespace": "shop", "labels": {"kubernetes.io/service-name": "web"}},
    "addressType": "IPv6",
    "ports": [{"name": "http", "port": 8080, "protocol": "TCP", "appProtocol": "kubernetes.io/h2c"},
              {"name": "own", "port": 99, "appProtocol": "example.com/own"},
              {"name": "dns", "port": 53, "protocol": "UDP"}],
    "endpoints": [{"addresses": ["fd00::7", "fd00::8"],
                   "conditions": {"ready": false, "serving": true, "terminating": true},
                   "zone": "b", "nodeName": "n1", "hints": {"forZones": [{"name": "b"}]},
                   "targetRef": {"kind": "Pod", "namespace": "shop", "name": "web-1"}}]})");
  EXPECT_EQ(object.key, (model::ObjectKey{"shop", "web-x7k"}));
  model::EndpointSlice slice;
  slice.service = {"shop", "web"};
  slice.ports = {{"http", 8080, true, model::Protocol::http2}, {"own", 99, true}, {"dns", 53, false}};
  slice.endpoints = {{.addresses = {"fd00::7", "fd00::8"},
                      .ready = false,
                      .serving = true,
                      .terminating = true,
                      .zone = "b",
                      .for_zones = {"b"},
                      .node = "n1",
                      .pod = "web-1"}};
  EXPECT_EQ(std::get<SliceGroup>(object.value), SliceGroup{{slice}});
}

TEST(EndpointSliceObject, HasTheApisDefaultsForConditions) {
  struct Row {
    const char* conditions;
    bool ready, serving, terminating;
  };
  for (const Row& row :
       {Row{R"({})", true, true, false}, Row{R"({"conditions": null})", true, true, false},
        Row{R"({"conditions": {}})", true, true, false},
        Row{R"({"conditions": {"ready": null, "serving": null, "terminating": null}})", true, true, false},
        Row{R"({"conditions": {"ready": false}})", false, false, false},
        Row{R"({"conditions": {"ready": true}})", true, true, false},
        Row{R"({"conditions": {"serving": false}})", true, false, false},
        Row{R"({"conditions": {"ready": false, "serving": true, "terminating": true}})", false, true, true}}) {
    json endpoint = json::parse(row.conditions);
    endpoint["addresses"] = {"10.0.0.7"};
    const json slice = {
        {"metadata", {{"name", "web-x7k"}, {"namespace", "shop"}, {"labels", {{"kubernetes.io/service-name", "web"}}}}},
        {"addressType", "IPv4"},
        {"endpoints", {endpoint}}};
    const auto object = parse_object(Kind::endpoint_slice, slice);
    ASSERT_TRUE(object) << object.error().text;
    const model::SliceEndpoint read = std::get<SliceGroup>(object->value).slices.at(0).endpoints.at(0);
    EXPECT_EQ(read.ready, row.ready) << row.conditions;
    EXPECT_EQ(read.serving, row.serving) << row.conditions;
    EXPECT_EQ(read.terminating, row.terminating) << row.conditions;
    EXPECT_EQ(read.pod + read.node + read.zone, "");
  }
}

TEST(EndpointSliceObject, LeavesOutPortsThatStandForAllAndTakesNullNamesAsEmpty) {
  const Object object = parse(Kind::endpoint_slice, R"({
    "metadata": {"name": "web-x7k", "namespace": "shop", "labels": {"kubernetes.io/service-name": "web"}},
    "addressType": "IPv4", "endpoints": null,
    "ports": [{"name": null, "port": 8080, "protocol": null}, {"name": "all", "port": null}, {"name": ""}]})");
  model::EndpointSlice slice;
  slice.service = {"shop", "web"};
  slice.ports = {{"", 8080, true}};
  EXPECT_EQ(std::get<SliceGroup>(object.value), SliceGroup{{slice}});
}

TEST(EndpointSliceObject, NamesAPodOnlyWhenItsTargetIsOne) {
  const Object object = parse(Kind::endpoint_slice, R"({
    "metadata": {"name": "web-x7k", "namespace": "shop", "labels": {"kubernetes.io/service-name": "web"}},
    "addressType": "IPv4",
    "endpoints": [{"addresses": ["10.0.0.7"], "targetRef": {"kind": "VirtualMachine", "name": "vm-1"}}]})");
  EXPECT_EQ(std::get<SliceGroup>(object.value).slices.at(0).endpoints.at(0).pod, "");
}

TEST(EndpointSliceObject, TellsHintsInOrderAndNoneTwice) {
  const auto zones = [](const std::string& endpoint) {
    const Object object = parse(Kind::endpoint_slice, R"({"metadata": {"name": "web-1", "namespace": "shop",
      "labels": {"kubernetes.io/service-name": "web"}}, "addressType": "IPv4", "endpoints": [)" +
                                                          endpoint + "]}");
    return std::get<SliceGroup>(object.value).slices.at(0).endpoints.at(0).for_zones;
  };
  using Zones = std::vector<std::string>;
  EXPECT_EQ(zones(R"({"hints": {"forZones": [{"name": "b"}, {"name": "a"}, {"name": "b"}]}})"), (Zones{"a", "b"}));
  EXPECT_EQ(zones(R"({"hints": {"forNodes": [{"name": "n1"}]}})"), Zones{});
  EXPECT_EQ(zones(R"({"hints": null})"), Zones{});
}

TEST(EndpointSliceObject, StandsForNothingWithoutAServiceOrWithNames) {
  EXPECT_EQ(std::get<SliceGroup>(parse(Kind::endpoint_slice, R"({
    "metadata": {"name": "own", "namespace": "shop"}, "addressType": "IPv4",
    "endpoints": [{"addresses": ["10.0.0.7"]}]})")
                                     .value),
            SliceGroup{});
  EXPECT_EQ(std::get<SliceGroup>(parse(Kind::endpoint_slice, R"({
    "metadata": {"name": "own", "namespace": "shop", "labels": {"kubernetes.io/service-name": "web"}},
    "addressType": "FQDN", "endpoints": [{"addresses": ["example.test"]}]})")
                                     .value),
            SliceGroup{});
}

TEST(EndpointSliceObject, IsRefusedWithFieldValueAndWhatIsAllowed) {
  const auto slice = [](const std::string& inside) {
    return error(Kind::endpoint_slice, R"({"metadata": {"name": "web-x7k", "namespace": "shop",
                                           "labels": {"kubernetes.io/service-name": "web"}}, )" +
                                           inside + "}");
  };
  const std::string place = "EndpointSlice shop/web-x7k: ";
  EXPECT_EQ(slice(R"("addressType": "IPX")"), place + "addressType: 'IPX' is not allowed; allowed: IPv4, IPv6, FQDN");
  EXPECT_EQ(slice(R"("endpoints": [])"),
            place + "addressType: nothing is not allowed; allowed: a string that is not empty");
  EXPECT_EQ(slice(R"("addressType": "IPv4", "endpoints": [{}, {"addresses": ["10.0.0.7", 8]}])"),
            place + "endpoints[1].addresses[1]: 8 is not allowed; allowed: a string");
  EXPECT_EQ(slice(R"("addressType": "IPv4", "endpoints": [{"conditions": {"ready": "True"}}])"),
            place + "endpoints[0].conditions.ready: 'True' is not allowed; allowed: true, false");
  EXPECT_EQ(slice(R"("addressType": "IPv4", "ports": [{"port": 65536}])"),
            place + "ports[0].port: 65536 is not allowed; allowed: whole numbers from 1 to 65535");
  const std::string zone = "1 to 63 of A-Z, a-z, 0-9, '-', '_' and '.', first and last a letter or a digit";
  EXPECT_EQ(slice(R"("addressType": "IPv4", "endpoints": [{"hints": {"forZones": [{"name": "a b"}]}}])"),
            place + "endpoints[0].hints.forZones[0].name: 'a b' is not allowed; allowed: " + zone);
  EXPECT_EQ(slice(R"("addressType": "IPv4", "endpoints": [{"hints": {"forZones": ["a"]}}])"),
            place + "endpoints[0].hints.forZones[0]: 'a' is not allowed; allowed: an object");
  EXPECT_EQ(slice(R"("addressType": "IPv4", "endpoints": [{"hints": {"forZones": [{"name": "a"}, {"name": "b"},
      {"name": "c"}, {"name": "d"}, {"name": "e"}, {"name": "f"}, {"name": "g"}, {"name": "h"}, {"name": "i"}]}}])"),
            place + "endpoints[0].hints.forZones: a list is not allowed; allowed: at most 8 zones");
}

TEST(EndpointsObject, GivesASliceForEachSubsetWithAddresses) {
  const Object object = parse(Kind::endpoints, R"({
    "metadata": {"name": "web", "namespace": "shop"},
    "subsets": [
      {"addresses": [{"ip": "10.0.0.7", "nodeName": "n1", "targetRef": {"kind": "Pod", "name": "web-1"}}, {"ip": "fd00::7"}],
       "notReadyAddresses": [{"ip": "10.0.0.8"}],
       "ports": [{"name": "http", "port": 8080, "protocol": "TCP", "appProtocol": "gRPC"},
                 {"name": "dns", "port": 53, "protocol": "UDP"}]},
      {"notReadyAddresses": [{"ip": "10.0.0.9"}], "ports": [{"port": 81}]},
      {"ports": [{"port": 82}]}]})");
  EXPECT_EQ(object.key, (model::ObjectKey{"shop", "web"}));
  const auto address = [](const char* ip, bool ready) {
    model::SliceEndpoint endpoint;
    endpoint.addresses = {ip};
    endpoint.ready = ready;
    endpoint.serving = ready;
    return endpoint;
  };
  const model::ObjectKey key{"shop", "web"};
  const std::vector<model::SlicePort> ports = {{"http", 8080, true, model::Protocol::grpc}, {"dns", 53, false}};
  model::SliceEndpoint first = address("10.0.0.7", true);
  first.node = "n1";
  first.pod = "web-1";
  EXPECT_EQ(std::get<SliceGroup>(object.value),
            (SliceGroup{{{key, ports, {first, address("fd00::7", true), address("10.0.0.8", false)}},
                         {key, {{"", 81, true}}, {address("10.0.0.9", false)}}}}));
}

TEST(EndpointsObject, MayBeEmpty) {
  EXPECT_EQ(std::get<SliceGroup>(parse(Kind::endpoints, R"({"metadata": {"name": "a", "namespace": "b"}})").value),
            SliceGroup{});
  EXPECT_EQ(
      error(Kind::endpoints, R"({"metadata": {"name": "a", "namespace": "b"}, "subsets": [{"addresses": [{}]}]})"),
      "Endpoints b/a: subsets[0].addresses[0].ip: nothing is not allowed; allowed: a string that is not empty");
}

TEST(PodObject, TellsItsAnnotations) {
  const Object object = parse(Kind::pod, R"({
    "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
    "metadata": {"name": "web-1", "namespace": "shop", "uid": "u-9",
                 "annotations": {"outrigger.dev/weight": "3", "outrigger.dev/tier": "x"}}})");
  const auto& pod = std::get<PodInfo>(object.value);
  EXPECT_EQ(pod.annotations.traits, (model::PodTraits{.weight = 3, .tier = 0}));
  ASSERT_EQ(pod.annotations.errors.size(), 1u);
  EXPECT_EQ(pod.annotations.errors[0].key, "outrigger.dev/tier");
  EXPECT_EQ(pod.uid, "u-9");
  EXPECT_TRUE(pod.annotated);
}

TEST(PodObject, IsNotAnnotatedByOthers) {
  const auto pod = std::get<PodInfo>(
      parse(Kind::pod, R"({"metadata": {"name": "web-1", "namespace": "shop", "annotations": {"weight": "3"}}})")
          .value);
  EXPECT_FALSE(pod.annotated);
  EXPECT_EQ(pod.annotations.traits, model::PodTraits{});
}

TEST(NodeObject, TellsItsZone) {
  const Object object =
      parse(Kind::node, R"({"metadata": {"name": "n1", "labels": {"topology.kubernetes.io/zone": "b", "x": "y"}}})");
  EXPECT_EQ(object.key, (model::ObjectKey{"", "n1"}));
  EXPECT_EQ(std::get<NodeInfo>(object.value).zone, "b");
  EXPECT_EQ(std::get<NodeInfo>(parse(Kind::node, R"({"metadata": {"name": "n2"}})").value).zone, "");
  EXPECT_EQ(error(Kind::node, R"({"metadata": {"name": "n1", "labels": {"topology.kubernetes.io/zone": "a b"}}})"),
            "Node n1: metadata.labels.topology.kubernetes.io/zone: 'a b' is not allowed; allowed: 1 to 63 of A-Z, a-z, "
            "0-9, '-', '_' and '.', first and last a letter or a digit");
}

TEST(KindName, IsTheApis) {
  EXPECT_STREQ(kind_name(Kind::service), "Service");
  EXPECT_STREQ(kind_name(Kind::endpoint_slice), "EndpointSlice");
  EXPECT_STREQ(kind_name(Kind::endpoints), "Endpoints");
  EXPECT_STREQ(kind_name(Kind::pod), "Pod");
  EXPECT_STREQ(kind_name(Kind::node), "Node");
}

}  // namespace
}  // namespace outrigger::kube
