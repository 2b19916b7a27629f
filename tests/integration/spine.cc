#include "integration/spine.h"

#include <fmt/format.h>

#include <set>

#include "integration/eventually.h"

namespace outrigger::integration {
namespace {

/// Namespaces are never deleted: that takes a controller.
std::string new_namespace() {
  static int count = 0;
  return fmt::format("shop-{}", ++count);
}

std::string ip_of(const std::string& backend) { return fmt::format("10.77.1.{}", backend.at(0) - 'a' + 1); }
std::string pod_of(const std::string& backend) { return "web-" + backend; }

}  // namespace

Spine::Spine(const ApiServer& server, EndpointsSource source, int workers, const std::string& operator_kubeconfig)
    : kubeconfig_(operator_kubeconfig.empty() ? server.operator_kubeconfig() : operator_kubeconfig),
      source_(source),
      workers_(workers),
      service_{new_namespace(), "web"},
      objects_(server.kubeconfig(), source) {
  write_certificates(folder_);
  for (const char* name : {"a", "b", "c", "d"}) {
    backends_[name] = std::make_unique<Backend>(name, fmt::format("{}:{}", ip_of(name), kTargetPort));
  }
  objects_.create_namespace(service_.ns);
  objects_.create_service(service_);
  objects_.annotate_service(service_, {{"outrigger.dev/policy", "weighted-round-robin"}});
  start_operator();
  start_sidecar();
}

void Spine::start_operator() {
  feeder_.reset();
  feeder_ = std::make_unique<Operator>(kubeconfig_, source_, folder_, feed_address_);
  feed_address_ = feeder_->feed_address();
}

void Spine::start_sidecar() {
  const std::string config = fmt::format(R"(
admin: 127.0.0.1:0
workers: {}
listeners:
  - {{name: web, address: 127.0.0.1:0, service: {}:80}}
operator: {{address: https://{}, ca: ca.crt, cert: sidecar.crt, key: sidecar.key, snapshot: snapshot}}
)",
                                         workers_, service_.text(), feed_address_);
  sidecar_ = std::make_unique<Sidecar>(folder_.write("sidecar.yaml", config));
}

void Spine::set_weight(const std::string& backend, const std::string& weight) {
  objects_.put_pod({service_.ns, pod_of(backend)}, {{"outrigger.dev/weight", weight}});
}

void Spine::set_members(const std::vector<std::string>& backends, const std::string& draining) {
  std::vector<Member> members;
  for (const std::string& name : backends) {
    members.push_back({.ip = ip_of(name), .pod = pod_of(name), .draining = name == draining});
  }
  objects_.set_members(service_, members);
}

bool Spine::sidecar_has(const std::map<std::string, int>& weights) {
  std::map<std::string, int> wanted;
  for (const auto& [name, weight] : weights) wanted[backend(name).address()] = weight;
  return eventually([&] {
    std::map<std::string, int> there;
    for (const auto& entry : sidecar_->backends(service_.text() + ":80")) {
      if (!entry.at("draining")) there[entry.at("address")] = entry.at("weight");
    }
    return there == wanted;
  });
}

bool Spine::sidecar_has_what_the_api_has() {
  return eventually([&] {
    std::set<std::string> there;
    for (const auto& entry : sidecar_->backends(service_.text() + ":80")) there.insert(entry.at("address"));
    return there == objects_.endpoints_of(service_);
  });
}

}  // namespace outrigger::integration
