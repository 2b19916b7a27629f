#pragma once
/// The endpoints as the workers see them. Control thread only.
#include <array>
#include <cstdint>
#include <string>

#include "balance/backend.h"
#include "sidecar/routing_table.h"

namespace outrigger::sidecar {

/// What the workers make of an endpoint, put together.
struct BackendState {
  std::int64_t in_flight = 0;
  double counts_for = 0;                                ///< of its weight, on average
  double latency_s = 0;                                 ///< on average of those that know of any; 0: none does
  std::array<double, balance::kStandings> standings{};  ///< the part of the workers that see it so
  std::array<std::uint64_t, health::kReasons> ejections{};
};
BackendState state_of(const BackendMetrics& metrics);

/// {"zone","services":[{"service","known","version","policy","panic","backends":[{"address","weight","effective_weight","tier",
/// "zone","pod","draining","state","in_flight","ewma_seconds","ejections":{REASON:COUNT}}]}]}; "state" is the one that
/// most workers see. `zone`: this sidecar's own, left out when it is empty: not known.
std::string backends_json(const RoutingTable& table, const std::string& zone);
/// The same for people, a line an endpoint.
std::string backends_table(const RoutingTable& table, const std::string& zone);

}  // namespace outrigger::sidecar
