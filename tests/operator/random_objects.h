#pragma once
#include <random>
#include <string>
#include <vector>

#include "operator/objects.h"

namespace outrigger::op {

/// Objects of a small world, so that changes meet: six Services that slices, pods, nodes and addresses have in common.
class RandomObjects {
 public:
  explicit RandomObjects(std::mt19937& random) : random_(random) {}

  kube::Object object(kube::Kind kind) {
    const std::string name = std::to_string(below(6));
    switch (kind) {
      case kube::Kind::service: return random_service("s" + name);
      case kube::Kind::endpoint_slice: return random_slice("l" + name);
      case kube::Kind::pod:
        return pod("p" + name, below(3) == 0 ? model::Annotations{}
                                             : model::Annotations{{"outrigger.dev/weight", std::to_string(below(4))}});
      case kube::Kind::node: return node("n" + name, below(3) == 0 ? "" : "z" + std::to_string(below(2)));
      case kube::Kind::endpoints: break;
    }
    std::abort();
  }

  unsigned below(std::size_t bound) {
    return std::uniform_int_distribution<unsigned>(0, static_cast<unsigned>(bound) - 1)(random_);
  }

 private:
  kube::Object random_service(const std::string& name) {
    model::Annotations annotations;
    if (below(2) == 0) annotations["outrigger.dev/policy"] = below(3) == 0 ? "fastest" : "round-robin";
    if (below(3) == 0) annotations["outrigger.dev/protocol"] = below(3) == 0 ? "ftp:80" : "grpc:80,tcp:81";
    kube::Object one =
        service(name, annotations, below(4) == 0 ? std::vector<std::uint16_t>{80, 81} : std::vector<std::uint16_t>{80});
    auto& spec = std::get<model::Service>(one.value);
    if (below(4) == 0) spec.ports[0].protocol = protocol();
    if (below(2) == 0) spec.cluster_ips = {"10.96.0." + std::to_string(below(3))};
    return one;
  }

  kube::Object random_slice(const std::string& name) {
    std::vector<model::SliceEndpoint> endpoints;
    for (unsigned i = below(4); i > 0; --i) {
      const std::string host = std::to_string(below(8));
      model::SliceEndpoint one = endpoint("10.0.0." + host, "p" + host);
      one.node = "n" + std::to_string(below(3));
      one.ready = below(4) != 0;
      one.terminating = below(4) == 0;
      endpoints.push_back(one);
    }
    kube::Object one = slice(name, "s" + std::to_string(below(6)), endpoints);
    if (below(4) == 0) std::get<kube::SliceGroup>(one.value).slices[0].ports[0].protocol = protocol();
    return one;
  }

  model::Protocol protocol() { return below(2) == 0 ? model::Protocol::http : model::Protocol::tcp; }

  std::mt19937& random_;
};

}  // namespace outrigger::op
