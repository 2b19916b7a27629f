#pragma once
/// Objects as tests write them: everything in namespace "shop", ports unnamed.
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "kube/objects.h"

namespace outrigger::op {

using TimePoint = std::chrono::steady_clock::time_point;

/// The n-th millisecond of a test's time.
inline TimePoint at(int n) { return TimePoint(std::chrono::milliseconds(n)); }

inline model::ServicePort port_of(const std::string& name, std::uint16_t port = 80) { return {{"shop", name}, port}; }

inline kube::Object service(const std::string& name, model::Annotations annotations = {},
                            std::vector<std::uint16_t> ports = {80}) {
  model::Service service;
  service.key = {"shop", name};
  service.uid = "uid-" + name;
  service.annotations = std::move(annotations);
  for (const std::uint16_t port : ports) {
    service.ports.push_back({ports.size() == 1 ? "" : "port-" + std::to_string(port), port, true});
  }
  return {kube::Kind::service, service.key, service};
}

/// A ready endpoint with a pod of the same name on node "node-1".
inline model::SliceEndpoint endpoint(const std::string& address, const std::string& pod = "") {
  model::SliceEndpoint endpoint;
  endpoint.addresses = {address};
  endpoint.pod = pod;
  endpoint.node = "node-1";
  return endpoint;
}

inline kube::Object slice(const std::string& name, const std::string& service,
                          std::vector<model::SliceEndpoint> endpoints, kube::Kind kind = kube::Kind::endpoint_slice) {
  model::EndpointSlice slice;
  slice.service = {"shop", service};
  slice.ports = {{"", 8080, true}};
  slice.endpoints = std::move(endpoints);
  return {kind, {"shop", name}, kube::SliceGroup{{slice}}};
}

inline kube::Object pod(const std::string& name, model::Annotations annotations) {
  kube::PodInfo info;
  info.annotations = model::parse_pod_annotations(annotations);
  info.uid = "uid-" + name;
  info.annotated = !annotations.empty();
  return {kube::Kind::pod, {"shop", name}, info};
}

inline kube::Object node(const std::string& name, const std::string& zone) {
  return {kube::Kind::node, {"", name}, kube::NodeInfo{zone}};
}

inline kube::Change put(kube::Object object, int read_at = 0) {
  kube::Change change{object.kind, false, {}, {}, at(read_at)};
  change.objects.push_back(std::move(object));
  return change;
}

inline kube::Change gone(kube::Kind kind, const std::string& name, int read_at = 0) {
  return {kind, false, {}, {{kind == kube::Kind::node ? "" : "shop", name}}, at(read_at)};
}

inline kube::Change all(kube::Kind kind, std::vector<kube::Object> objects, int read_at = 0) {
  return {kind, true, std::move(objects), {}, at(read_at)};
}

inline const std::vector<kube::Kind>& kinds() {
  static const std::vector<kube::Kind> kinds{kube::Kind::service, kube::Kind::endpoint_slice, kube::Kind::pod,
                                             kube::Kind::node};
  return kinds;
}

}  // namespace outrigger::op
