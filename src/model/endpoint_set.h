#pragma once
/// What a sidecar needs to know of one destination. Plain values; any thread.
#include <cstdint>
#include <string>
#include <vector>

#include "model/service_options.h"
#include "model/service_port.h"

namespace outrigger::model {

/// As many as the API allows a slice's endpoint.
inline constexpr std::size_t kMaxForZones = 8;

/// One address that serves a Service's port.
struct Endpoint {
  /// Numeric "10.0.0.7:8080" or "[fd00::7]:8080": the endpoint's identity. What is learned of an endpoint (in-flight,
  /// latency, health) stays with it over changes of the set.
  std::string address;
  std::uint32_t weight = 1;  ///< 1–1000
  std::uint32_t tier = 0;    ///< 0 first
  std::string zone;          ///< empty: unknown
  /// The zones that it is meant for (EndpointSlice hints); empty: no hint. Ordered, none twice, at most kMaxForZones.
  std::vector<std::string> for_zones = {};
  std::string pod;  ///< the pod's name, empty: not a pod
  /// Terminating but still serving: finishes what it has, gets new requests only when nothing else is left.
  bool draining = false;

  bool operator==(const Endpoint&) const = default;
};

/// A share of a rule's requests; `weight` counts against the rule's other clusters.
struct WeightedCluster {
  ServicePort cluster;
  std::uint32_t weight = 1;
  bool operator==(const WeightedCluster&) const = default;
};

/// The requests it matches go to its clusters. The first rule that matches is taken.
struct Rule {
  std::string path_prefix = "/";  ///< "/" matches every request
  std::vector<WeightedCluster> clusters;
  bool operator==(const Rule&) const = default;
};

/// A Service has one cluster IP a family.
inline constexpr std::size_t kMaxAddresses = 16;
inline constexpr std::size_t kMaxFailovers = 8;

/// A destination's rules and, as the cluster of the same name, its endpoints.
struct EndpointSet {
  ServicePort service;
  ServiceOptions options;
  std::vector<Rule> rules;          ///< never empty: without routes, one that matches all, to `service` itself
  std::vector<Endpoint> endpoints;  ///< ordered by address, no address twice
  /// Where pods dial the Service: its cluster IPs with its port, in the spelling of canonical_address(). None twice, at
  /// most kMaxAddresses; empty: a headless Service, or one that is not dialled so.
  std::vector<std::string> addresses = {};
  /// Services that carry what this one cannot, in order (ServiceOptions::failover_mode). Not `service`, none twice, at
  /// most kMaxFailovers. What they fail over to themselves does not count.
  std::vector<ServicePort> failover = {};
  bool operator==(const EndpointSet&) const = default;
};

/// The rule every destination has when nobody wrote another: all requests to its own endpoints.
std::vector<Rule> own_cluster_rule(const ServicePort& service);

/// Reads "IP:PORT" with a numeric IPv4 address or a bracketed IPv6 one and a port of 1–65535, and writes it in the
/// one spelling an Endpoint's address has. The error names the value and what is allowed.
Result<std::string> canonical_address(std::string_view text);
/// The same from its parts, as slices give them.
Result<std::string> canonical_address(std::string_view ip, std::uint32_t port);

}  // namespace outrigger::model
