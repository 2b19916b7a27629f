#include "sidecar/service_config.h"

#include <algorithm>

#include "model/related_services.h"

namespace outrigger::sidecar {
namespace {

using namespace yaml;

model::Endpoint read_endpoint(const YAML::Node& node, const std::string& where) {
  check_map(node, where, {"address", "weight", "tier", "zone"});
  model::Endpoint endpoint;
  endpoint.address =
      value(node, where, "address", [](const std::string& address) { return model::canonical_address(address); });
  endpoint.weight = number(node, where, "weight", 1, model::kMaxWeight, 1);
  endpoint.tier = number(node, where, "tier", 0, model::kMaxTier, 0);
  if (node["zone"]) endpoint.zone = text(node, where, "zone");
  return endpoint;
}

std::vector<std::string> read_cluster_addresses(const YAML::Node& node, const std::string& where) {
  const std::string key = "clusterAddresses";
  std::vector<std::string> addresses;
  for (const YAML::Node& entry : list(node, where, key)) {
    if (addresses.size() == model::kMaxAddresses) {
      complain(entry, fmt::format("{}.{}: allowed: at most {}", where, key, model::kMaxAddresses));
    }
    auto address = model::canonical_address(entry.IsScalar() ? entry.Scalar() : "");
    if (!address) complain(entry, fmt::format("{}.{}: {}", where, key, address.error().text));
    addresses.push_back(std::move(*address));
  }
  return addresses;
}

}  // namespace

model::EndpointSet read_service(const YAML::Node& node, std::size_t index) {
  const std::string where = fmt::format("services[{}]", index);
  std::vector<std::string> known = {"name", "endpoints", "clusterAddresses", "weights", "failover"};
  for (const std::string_view option : model::option_names()) known.push_back(model::camel_case(option));
  check_map(node, where, known);

  model::EndpointSet set;
  set.service = value(node, where, "name", model::ServicePort::parse);
  for (const std::string_view option : model::option_names()) {
    const std::string key = model::camel_case(option);
    if (!node[key]) continue;
    const std::string given = text(node, where, key);
    if (auto done = model::set_option(set.options, option, given); !done) {
      complain(node[key], fmt::format("{}.{}: {}", where, key, done.error().text));
    }
  }
  std::vector<model::ServiceShare> shares;
  if (node["weights"]) shares = value(node, where, "weights", model::parse_weights);
  set.rules = model::split_rule(set.service, shares);
  if (node["failover"]) {
    const auto others = value(node, where, "failover", [&](const std::string& given) {
      return model::parse_failover(given, set.service.service);
    });
    set.failover = model::with_port(others, set.service.port);
  }
  set.addresses = read_cluster_addresses(node, where);
  for (const YAML::Node& entry : list(node, where, "endpoints")) {
    set.endpoints.push_back(read_endpoint(entry, fmt::format("{}.endpoints[{}]", where, set.endpoints.size())));
    const auto& added = set.endpoints.back();
    if (std::any_of(set.endpoints.begin(), set.endpoints.end() - 1,
                    [&](const auto& other) { return other.address == added.address; })) {
      complain(entry, fmt::format("{}.endpoints: {} is there twice", where, added.address));
    }
  }
  std::sort(set.endpoints.begin(), set.endpoints.end(),
            [](const auto& a, const auto& b) { return a.address < b.address; });
  return set;
}

}  // namespace outrigger::sidecar
