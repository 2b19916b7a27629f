#pragma once
/// What a Service says of other Services, each of which is meant with the port that it is said of: the annotations
/// `weights` and `failover`, and the same keys in the sidecar's file. Pure; any thread.
#include <string>
#include <string_view>
#include <vector>

#include "model/endpoint_set.h"

namespace outrigger::model {

inline constexpr std::size_t kMaxWeights = 32;

/// A Service of the same namespace and its share of a split.
struct ServiceShare {
  std::string service;
  std::uint32_t weight = 0;
  bool operator==(const ServiceShare&) const = default;
};

/// Reads "web-v1=90,web-v2=10": 1 to kMaxWeights DNS labels, none twice, each with a weight of 0–1000, not all 0. The
/// Service itself may be among them. The error names the value and what is allowed.
Result<std::vector<ServiceShare>> parse_weights(std::string_view text);
/// Reads "web-standby,other-ns/web": 1 to kMaxFailovers Services other than `service`, of its namespace if none is
/// said, none twice. The error names the value and what is allowed.
Result<std::vector<ObjectKey>> parse_failover(std::string_view text, const ObjectKey& service);

/// The one rule that such a split makes; own_cluster_rule() of no shares.
std::vector<Rule> split_rule(const ServicePort& service, const std::vector<ServiceShare>& shares);
std::vector<ServicePort> with_port(const std::vector<ObjectKey>& services, std::uint16_t port);

/// What parse_weights() and parse_failover() read back as the set's one rule and its failovers; empty: there is no need
/// to say anything.
std::string weights_text(const EndpointSet& set);
std::string failover_text(const EndpointSet& set);

}  // namespace outrigger::model
