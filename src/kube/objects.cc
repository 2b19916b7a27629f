#include "kube/objects.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "kube/json_field.h"
#include "model/names.h"

namespace outrigger::kube {
namespace {

constexpr const char* kServiceNameLabel = "kubernetes.io/service-name";
constexpr const char* kZoneLabel = "topology.kubernetes.io/zone";

model::ObjectKey read_key(Kind kind, const JsonField& object) {
  const JsonField metadata = object["metadata"];
  model::ObjectKey key{"", metadata["name"].required_text()};
  if (kind != Kind::node) key.ns = metadata["namespace"].required_text();
  return key;
}

model::Annotations read_annotations(const JsonField& metadata) {
  model::Annotations annotations;
  for (auto& [name, value] : metadata["annotations"].texts()) annotations.emplace(std::move(name), std::move(value));
  return annotations;
}

std::optional<model::Protocol> read_app_protocol(const JsonField& port) {
  return model::protocol_of_app_protocol(port["appProtocol"].text());
}

/// Objects from before dual stack have the one field alone.
std::vector<std::string> read_cluster_ips(const JsonField& spec) {
  std::vector<std::string> ips;
  const JsonField all = spec["clusterIPs"];
  for (const JsonField& ip : all.items()) ips.push_back(ip.required_text());
  if (std::string only = spec["clusterIP"].text(); ips.empty() && !only.empty()) ips.push_back(std::move(only));
  return ips;
}

/// PreferSameNode (KEP-3015) counts as its zone: a sidecar balances over more than one node's endpoints.
bool prefers_close(const JsonField& traffic_distribution) {
  const std::string value = traffic_distribution.text();
  return value == "PreferClose" || value == "PreferSameZone" || value == "PreferSameNode";
}

bool is_tcp(const JsonField& protocol) { return !protocol.exists() || protocol.text() == "TCP"; }

model::Service read_service(const JsonField& object, const model::ObjectKey& key) {
  const JsonField metadata = object["metadata"];
  const JsonField spec = object["spec"];
  model::Service service;
  service.key = key;
  service.uid = metadata["uid"].text();
  service.annotations = read_annotations(metadata);
  const JsonField ports = spec["ports"];
  for (const JsonField& port : ports.items()) {
    service.ports.push_back(
        {port["name"].text(), port["port"].port(), is_tcp(port["protocol"]), read_app_protocol(port)});
  }
  service.cluster_ips = read_cluster_ips(spec);
  service.publish_not_ready_addresses = spec["publishNotReadyAddresses"].flag(false);
  service.prefers_close = prefers_close(spec["trafficDistribution"]);
  const JsonField families = spec["ipFamilies"];
  const auto items = families.items();
  service.ipv6_first = !items.empty() && items.front().text() == "IPv6";
  return service;
}

std::string read_pod(const JsonField& target) { return target["kind"].text() == "Pod" ? target["name"].text() : ""; }

std::vector<model::SlicePort> read_slice_ports(const JsonField& ports) {
  std::vector<model::SlicePort> read;
  for (const JsonField& port : ports.items()) {
    // No port stands for all ports: nothing that a Service's port could be matched with.
    if (!port["port"].exists()) continue;
    read.push_back({port["name"].text(), port["port"].port(), is_tcp(port["protocol"]), read_app_protocol(port)});
  }
  return read;
}

std::vector<std::string> read_for_zones(const JsonField& hints) {
  const JsonField list = hints["forZones"];
  std::vector<std::string> zones;
  for (const JsonField& zone : list.items()) {
    const JsonField name = zone["name"];
    zones.push_back(name.required_text());
    if (!model::is_label_value(zones.back())) name.refuse(std::string(model::kLabelValueAllowed));
  }
  std::sort(zones.begin(), zones.end());
  zones.erase(std::unique(zones.begin(), zones.end()), zones.end());
  if (zones.size() > model::kMaxForZones) list.refuse("at most " + std::to_string(model::kMaxForZones) + " zones");
  return zones;
}

model::SliceEndpoint read_slice_endpoint(const JsonField& endpoint) {
  model::SliceEndpoint read;
  const JsonField addresses = endpoint["addresses"];
  for (const JsonField& address : addresses.items()) read.addresses.push_back(address.required_text());
  const JsonField conditions = endpoint["conditions"];
  read.ready = conditions["ready"].flag(true);
  read.serving = conditions["serving"].flag(read.ready);
  read.terminating = conditions["terminating"].flag(false);
  read.zone = endpoint["zone"].text();
  const JsonField hints = endpoint["hints"];
  read.for_zones = read_for_zones(hints);
  read.node = endpoint["nodeName"].text();
  const JsonField target = endpoint["targetRef"];
  read.pod = read_pod(target);
  return read;
}

SliceGroup read_endpoint_slice(const JsonField& object, const model::ObjectKey& key) {
  const JsonField metadata = object["metadata"];
  const JsonField labels = metadata["labels"];
  const std::string service = labels[kServiceNameLabel].text();
  const std::string family = object["addressType"].required_text();
  if (family != "IPv4" && family != "IPv6" && family != "FQDN") object["addressType"].refuse("IPv4, IPv6, FQDN");
  // A slice of no Service, or of names: nobody balances over it.
  if (service.empty() || family == "FQDN") return {};

  model::EndpointSlice slice;
  slice.service = {key.ns, service};
  const JsonField ports = object["ports"];
  slice.ports = read_slice_ports(ports);
  const JsonField endpoints = object["endpoints"];
  for (const JsonField& endpoint : endpoints.items()) slice.endpoints.push_back(read_slice_endpoint(endpoint));
  return {{std::move(slice)}};
}

void read_endpoints_addresses(const JsonField& addresses, bool ready, model::EndpointSlice& slice) {
  for (const JsonField& address : addresses.items()) {
    const JsonField target = address["targetRef"];
    model::SliceEndpoint endpoint;
    endpoint.addresses = {address["ip"].required_text()};
    endpoint.ready = ready;
    endpoint.serving = ready;
    endpoint.node = address["nodeName"].text();
    endpoint.pod = read_pod(target);
    slice.endpoints.push_back(std::move(endpoint));
  }
}

SliceGroup read_endpoints(const JsonField& object, const model::ObjectKey& key) {
  SliceGroup group;
  const JsonField subsets = object["subsets"];
  for (const JsonField& subset : subsets.items()) {
    const JsonField ports = subset["ports"];
    model::EndpointSlice slice{.service = key, .ports = read_slice_ports(ports), .endpoints = {}};
    const JsonField ready = subset["addresses"];
    const JsonField not_ready = subset["notReadyAddresses"];
    read_endpoints_addresses(ready, true, slice);
    read_endpoints_addresses(not_ready, false, slice);
    if (!slice.endpoints.empty()) group.slices.push_back(std::move(slice));
  }
  return group;
}

PodInfo read_pod_info(const JsonField& object) {
  const JsonField metadata = object["metadata"];
  PodInfo pod;
  pod.annotations = model::parse_pod_annotations(read_annotations(metadata));
  pod.uid = metadata["uid"].text();
  pod.annotated = pod.annotations != model::ParsedPodAnnotations{};
  return pod;
}

NodeInfo read_node(const JsonField& object) {
  const JsonField metadata = object["metadata"];
  const JsonField labels = metadata["labels"];
  const JsonField zone = labels[kZoneLabel];
  NodeInfo node{zone.text()};
  if (!node.zone.empty() && !model::is_label_value(node.zone)) zone.refuse(std::string(model::kLabelValueAllowed));
  return node;
}

Value read_value(Kind kind, const JsonField& object, const model::ObjectKey& key) {
  switch (kind) {
    case Kind::service: return read_service(object, key);
    case Kind::endpoint_slice: return read_endpoint_slice(object, key);
    case Kind::endpoints: return read_endpoints(object, key);
    case Kind::pod: return read_pod_info(object);
    case Kind::node: return read_node(object);
  }
  std::abort();
}

}  // namespace

const char* kind_name(Kind kind) {
  switch (kind) {
    case Kind::service: return "Service";
    case Kind::endpoint_slice: return "EndpointSlice";
    case Kind::endpoints: return "Endpoints";
    case Kind::pod: return "Pod";
    case Kind::node: return "Node";
  }
  std::abort();
}

Result<model::ObjectKey> parse_key(Kind kind, const nlohmann::json& object) {
  try {
    return read_key(kind, JsonField(object));
  } catch (const WrongField& problem) {
    return failure(std::string(kind_name(kind)) + ": " + problem.text);
  }
}

Result<Object> parse_object(Kind kind, const nlohmann::json& object) {
  auto key = parse_key(kind, object);
  if (!key) return tl::unexpected(key.error());
  try {
    Value value = read_value(kind, JsonField(object), *key);
    return Object{kind, std::move(*key), std::move(value)};
  } catch (const WrongField& problem) {
    const std::string name = kind == Kind::node ? key->name : key->text();
    return failure(std::string(kind_name(kind)) + " " + name + ": " + problem.text);
  }
}

}  // namespace outrigger::kube
