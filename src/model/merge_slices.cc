#include "model/merge_slices.h"

#include <algorithm>
#include <functional>
#include <string_view>
#include <tuple>
#include <unordered_set>

namespace outrigger::model {
namespace {

enum class Availability { none, draining, ready };

Availability availability(const Service& service, const SliceEndpoint& endpoint) {
  if (service.publish_not_ready_addresses || (endpoint.ready && !endpoint.terminating)) return Availability::ready;
  return endpoint.serving && endpoint.terminating ? Availability::draining : Availability::none;
}

std::string zone_of(const SliceEndpoint& endpoint, const Surroundings& surroundings) {
  if (!endpoint.zone.empty() || endpoint.node.empty() || !surroundings.node_zone) return endpoint.zone;
  const std::string* zone = surroundings.node_zone(endpoint.node);
  return zone == nullptr ? std::string() : *zone;
}

PodTraits traits_of(const Service& service, const SliceEndpoint& endpoint, const Surroundings& surroundings) {
  if (endpoint.pod.empty() || !surroundings.pod_traits) return {};
  const PodTraits* traits = surroundings.pod_traits({service.key.ns, endpoint.pod});
  return traits == nullptr ? PodTraits() : *traits;
}

bool is_ipv6(const Endpoint& endpoint) { return endpoint.address.front() == '['; }

/// By address; of one address first what counts: the most available, then what knows its pod, its zone and its hints. A
/// total order, so that the order of slices decides nothing.
bool counts_before(const Endpoint& a, const Endpoint& b) {
  const auto rank = [](const Endpoint& endpoint) {
    return std::make_tuple(std::string_view(endpoint.address), endpoint.draining, endpoint.pod.empty(),
                           std::string_view(endpoint.pod), endpoint.zone.empty(), std::string_view(endpoint.zone),
                           endpoint.for_zones.empty(), std::cref(endpoint.for_zones));
  };
  return rank(a) < rank(b);
}

void add_endpoints(std::vector<Endpoint>& endpoints, const Service& service, const EndpointSlice& slice,
                   std::uint16_t port, const Surroundings& surroundings) {
  for (const SliceEndpoint& endpoint : slice.endpoints) {
    const Availability available = availability(service, endpoint);
    if (available == Availability::none || endpoint.addresses.empty()) continue;
    auto address = canonical_address(endpoint.addresses.front(), port);
    if (!address) continue;
    const PodTraits traits = traits_of(service, endpoint, surroundings);
    endpoints.push_back({.address = std::move(*address),
                         .weight = traits.weight,
                         .tier = traits.tier,
                         .zone = zone_of(endpoint, surroundings),
                         .for_zones = endpoint.for_zones,
                         .pod = endpoint.pod,
                         .draining = available == Availability::draining});
  }
}

void keep_one_per_address(std::vector<Endpoint>& endpoints) {
  std::sort(endpoints.begin(), endpoints.end(), counts_before);
  const auto same_address = [](const Endpoint& a, const Endpoint& b) { return a.address == b.address; };
  endpoints.erase(std::unique(endpoints.begin(), endpoints.end(), same_address), endpoints.end());
}

void keep_one_family_per_pod(std::vector<Endpoint>& endpoints, bool ipv6_first) {
  // Names are copied: erase_if moves the endpoints that a view would look into.
  std::unordered_set<std::string> pods_of_first_family;
  for (const Endpoint& endpoint : endpoints) {
    if (!endpoint.pod.empty() && is_ipv6(endpoint) == ipv6_first) pods_of_first_family.insert(endpoint.pod);
  }
  std::erase_if(endpoints, [&](const Endpoint& endpoint) {
    return is_ipv6(endpoint) != ipv6_first && pods_of_first_family.contains(endpoint.pod);
  });
}

std::vector<std::string> addresses_of(const Service& service, std::uint16_t port) {
  std::vector<std::string> addresses;
  for (const std::string& ip : service.cluster_ips) {
    auto address = canonical_address(ip, port);
    if (address && addresses.size() < kMaxAddresses && std::ranges::find(addresses, *address) == addresses.end()) {
      addresses.push_back(std::move(*address));
    }
  }
  return addresses;
}

bool is_port_of(const SlicePort& port, const ServicePortSpec& spec) { return port.tcp && port.name == spec.name; }

Protocol protocol_of(const ServicePortSpec& spec, std::span<const EndpointSlice* const> slices,
                     const Protocols& annotated) {
  if (spec.protocol) return *spec.protocol;
  std::optional<Protocol> of_slices;
  for (const EndpointSlice* slice : slices) {
    for (const SlicePort& port : slice->ports) {
      // Null is less than any, and tcp the greatest.
      if (is_port_of(port, spec)) of_slices = std::max(of_slices, port.protocol);
    }
  }
  return of_slices.value_or(annotated.of(spec.port));
}

}  // namespace

std::vector<EndpointSet> merge_slices(const Service& service, const ParsedServiceAnnotations& annotations,
                                      std::span<const EndpointSlice* const> slices, const Surroundings& surroundings) {
  std::vector<EndpointSet> sets;
  for (const ServicePortSpec& spec : service.ports) {
    if (!spec.tcp) continue;
    EndpointSet set{.service = {service.key, spec.port},
                    .options = annotations.options,
                    .rules = {},
                    .endpoints = {},
                    .addresses = addresses_of(service, spec.port),
                    .failover = with_port(annotations.failover, spec.port)};
    set.options.protocol = protocol_of(spec, slices, annotations.protocols);
    if (service.prefers_close && set.options.zone_aware == ZoneAware::automatic) {
      set.options.zone_aware = ZoneAware::prefer;
    }
    set.rules = split_rule(set.service, annotations.weights);
    for (const EndpointSlice* slice : slices) {
      for (const SlicePort& port : slice->ports) {
        if (is_port_of(port, spec)) add_endpoints(set.endpoints, service, *slice, port.port, surroundings);
      }
    }
    keep_one_per_address(set.endpoints);
    keep_one_family_per_pod(set.endpoints, service.ipv6_first);
    sets.push_back(std::move(set));
  }
  return sets;
}

}  // namespace outrigger::model
