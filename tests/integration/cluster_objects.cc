#include "integration/cluster_objects.h"

#include <fmt/format.h>

#include <stdexcept>

#include "kube/config.h"

namespace outrigger::integration {
namespace {

using nlohmann::json;

kube::Config configuration(const std::string& kubeconfig) {
  auto config = kube::load_kubeconfig(kubeconfig);
  if (!config) throw std::runtime_error(config.error().text);
  return *config;
}

std::string core(const std::string& ns, const char* resource) {
  return fmt::format("/api/v1/namespaces/{}/{}", ns, resource);
}

json target(const model::ObjectKey& service, const Member& member) {
  return {{"kind", "Pod"}, {"namespace", service.ns}, {"name", member.pod}};
}

}  // namespace

const char* name_of(EndpointsSource source) { return source == EndpointsSource::slices ? "slices" : "endpoints"; }

ClusterObjects::ClusterObjects(const std::string& kubeconfig, EndpointsSource source)
    : source_(source), client_(configuration(kubeconfig), counts_) {}

void ClusterObjects::create_namespace(const std::string& name) {
  checked(name, client_.post("/api/v1/namespaces", json{{"metadata", {{"name", name}}}}.dump()));
}

void ClusterObjects::create_service(const model::ObjectKey& service, const Annotations& annotations) {
  const json object{{"metadata", {{"name", service.name}, {"annotations", annotations}}},
                    {"spec", {{"ports", {{{"port", 80}, {"targetPort", kTargetPort}}}}}}};
  checked(service.text(), client_.post(core(service.ns, "services"), object.dump()));
}

void ClusterObjects::annotate_service(const model::ObjectKey& service, const Annotations& annotations) {
  const json change{{"metadata", {{"annotations", annotations}}}};
  checked(service.text(), client_.merge_patch(core(service.ns, "services") + "/" + service.name, change.dump()));
}

void ClusterObjects::delete_service(const model::ObjectKey& service) {
  checked(service.text(), client_.remove(core(service.ns, "services") + "/" + service.name));
}

void ClusterObjects::put_pod(const model::ObjectKey& pod, const Annotations& annotations) {
  put(core(pod.ns, "pods"), pod.name,
      {{"metadata", {{"annotations", annotations}}},
       {"spec", {{"containers", {{{"name", "web"}, {"image", "web:1"}}}}}}});
}

void ClusterObjects::set_members(const model::ObjectKey& service, const std::vector<Member>& members) {
  if (source_ == EndpointsSource::endpoints) return put_endpoints(service, members);
  put_slice(service, service.name + "-1", members);
}

void ClusterObjects::put_slice(const model::ObjectKey& service, const std::string& slice,
                               const std::vector<Member>& members) {
  json endpoints = json::array();
  for (const Member& member : members) {
    json endpoint{{"addresses", {member.ip}},
                  {"conditions", {{"ready", !member.draining}, {"serving", true}, {"terminating", member.draining}}}};
    if (!member.pod.empty()) endpoint["targetRef"] = target(service, member);
    endpoints.push_back(std::move(endpoint));
  }
  put(fmt::format("/apis/discovery.k8s.io/v1/namespaces/{}/endpointslices", service.ns), slice,
      {{"metadata", {{"labels", {{"kubernetes.io/service-name", service.name}}}}},
       {"addressType", "IPv4"},
       {"ports", {{{"name", ""}, {"protocol", "TCP"}, {"port", kTargetPort}}}},
       {"endpoints", std::move(endpoints)}});
}

void ClusterObjects::put_endpoints(const model::ObjectKey& service, const std::vector<Member>& members) {
  json addresses = json::array();
  for (const Member& member : members) {
    if (member.draining) continue;
    json address{{"ip", member.ip}};
    if (!member.pod.empty()) address["targetRef"] = target(service, member);
    addresses.push_back(std::move(address));
  }
  json subsets = json::array();
  if (!addresses.empty())
    subsets.push_back({{"addresses", std::move(addresses)}, {"ports", {{{"port", kTargetPort}}}}});
  put(core(service.ns, "endpoints"), service.name, {{"subsets", std::move(subsets)}});
}

std::set<std::string> ClusterObjects::endpoints_of(const model::ObjectKey& service) {
  std::set<std::string> endpoints;
  const json list =
      checked("slices", client_.get(fmt::format("/apis/discovery.k8s.io/v1/namespaces/{}/endpointslices", service.ns)));
  for (const json& slice : list.at("items")) {
    if (slice.at("metadata").at("labels").value("kubernetes.io/service-name", "") != service.name) continue;
    for (const json& endpoint : slice.at("endpoints")) {
      endpoints.insert(fmt::format("{}:{}", endpoint.at("addresses").at(0).get<std::string>(),
                                   slice.at("ports").at(0).at("port").get<int>()));
    }
  }
  return endpoints;
}

std::string ClusterObjects::version_of(const model::ObjectKey& service) {
  return checked(service.text(), client_.get(core(service.ns, "services") + "/" + service.name))
      .at("metadata")
      .at("resourceVersion");
}

std::vector<json> ClusterObjects::events_about(const model::ObjectKey& service) {
  const json list = checked("events", client_.get(core(service.ns, "events")));
  std::vector<json> events;
  for (const json& event : list.at("items")) {
    if (event.at("involvedObject").at("kind") == "Service" && event.at("involvedObject").at("name") == service.name) {
      events.push_back(event);
    }
  }
  return events;
}

void ClusterObjects::put(const std::string& collection, const std::string& name, json object) {
  object["metadata"]["name"] = name;
  const auto changed = client_.merge_patch(collection + "/" + name, object.dump());
  const bool missing = changed && changed->status == 404;
  checked(name, missing ? client_.post(collection, object.dump()) : changed);
}

json ClusterObjects::checked(const std::string& what, const Result<kube::Response>& answer) {
  if (!answer) throw std::runtime_error(what + ": " + answer.error().text);
  if (answer->status >= 300) throw std::runtime_error(what + ": " + answer->body);
  return json::parse(answer->body);
}

}  // namespace outrigger::integration
