#include "model/related_services.h"

#include <algorithm>

#include "model/names.h"
#include "model/value_text.h"

namespace outrigger::model {
namespace {

/// Calls `read` for each part between commas until it gives false, which is the answer then.
template <class Read>
bool read_parts(std::string_view text, const Read& read) {
  while (true) {
    const std::size_t comma = text.find(',');
    if (!read(text.substr(0, comma))) return false;
    if (comma == std::string_view::npos) return true;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace

Result<std::vector<ServiceShare>> parse_weights(std::string_view text) {
  std::vector<ServiceShare> shares;
  const bool good = read_parts(text, [&](std::string_view part) {
    const std::size_t equals = part.find('=');
    const std::string_view name = part.substr(0, equals);
    if (equals == std::string_view::npos || !is_dns_label(name) || shares.size() == kMaxWeights) return false;
    const auto weight = parse_number(part.substr(equals + 1), 0, kMaxWeight);
    const bool twice = std::ranges::find(shares, name, &ServiceShare::service) != shares.end();
    if (!weight || twice) return false;
    shares.push_back({std::string(name), *weight});
    return true;
  });
  const auto counts = [](const ServiceShare& share) { return share.weight != 0; };
  if (good && std::ranges::any_of(shares, counts)) return shares;
  return failure(not_allowed(text,
                             "1 to 32 Services of the same namespace, each with a weight from 0 to 1000, as in "
                             "web-v1=90,web-v2=10, none twice, not all 0"));
}

Result<std::vector<ObjectKey>> parse_failover(std::string_view text, const ObjectKey& service) {
  std::vector<ObjectKey> services;
  const bool good = read_parts(text, [&](std::string_view part) {
    const std::size_t slash = part.find('/');
    const bool here = slash == std::string_view::npos;
    const std::string_view ns = here ? std::string_view(service.ns) : part.substr(0, slash);
    const std::string_view name = here ? part : part.substr(slash + 1);
    if (!is_dns_label(ns) || !is_dns_label(name) || services.size() == kMaxFailovers) return false;
    ObjectKey key{std::string(ns), std::string(name)};
    if (key == service || std::ranges::find(services, key) != services.end()) return false;
    services.push_back(std::move(key));
    return true;
  });
  if (good) return services;
  return failure(not_allowed(text,
                             "1 to 8 other Services in order, NAME or NAMESPACE/NAME, as in web-standby,other-ns/web, "
                             "none twice"));
}

std::vector<Rule> split_rule(const ServicePort& service, const std::vector<ServiceShare>& shares) {
  if (shares.empty()) return own_cluster_rule(service);
  Rule rule;
  for (const ServiceShare& share : shares) {
    rule.clusters.push_back({{{service.service.ns, share.service}, service.port}, share.weight});
  }
  return {std::move(rule)};
}

std::vector<ServicePort> with_port(const std::vector<ObjectKey>& services, std::uint16_t port) {
  std::vector<ServicePort> ports;
  ports.reserve(services.size());
  for (const ObjectKey& service : services) ports.push_back({service, port});
  return ports;
}

std::string weights_text(const EndpointSet& set) {
  if (set.rules == own_cluster_rule(set.service)) return {};
  std::string text;
  for (const WeightedCluster& cluster : set.rules.front().clusters) {
    text.append(text.empty() ? "" : ",")
        .append(cluster.cluster.service.name)
        .append("=")
        .append(std::to_string(cluster.weight));
  }
  return text;
}

std::string failover_text(const EndpointSet& set) {
  std::string text;
  for (const ServicePort& failover : set.failover) {
    const bool here = failover.service.ns == set.service.service.ns;
    text.append(text.empty() ? "" : ",").append(here ? failover.service.name : failover.service.text());
  }
  return text;
}

}  // namespace outrigger::model
