#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "health/passive_health.h"

namespace outrigger::balance {

using health::Time;

/// How much more than its part an endpoint is trusted to carry, as Envoy's overprovisioning factor: what is lost is
/// made up for by the others of its tier until more than 1 − 1/1.4 of it (29 %) is lost.
inline constexpr double kOverprovisioning = 1.4;

/// The part of all the load, 0–1, that a tier can carry of which `available` of `total` weight is well. 0 of 0 is 0.
double capacity_of(std::uint64_t available, std::uint64_t total);

/// What each tier gets, tiers in order of preference: `capacities` as capacity_of(). Spilling, each what those before
/// it leave, up to its capacity; if all together cannot carry the load, in proportion to that. Strictly, the first that
/// has any capacity gets all. All 0 where no tier has any.
std::vector<double> tier_shares(std::span<const double> capacities, bool strict);

/// The part of a tier's load that stays in this zone: all of it, unless the zone has less than its part of the tier's
/// endpoints (1/`zones`, by weight) with kOverprovisioning, as when some of them are lost.
double local_share(std::uint64_t local_available, std::uint64_t available, std::uint64_t total, std::size_t zones);

/// Capacities that fall at once, and rise only when they could have been higher for some time (failback delay).
class TierCapacities {
 public:
  /// What `tier` is to be taken to carry, now that it could carry `capacity`. `at_once`: there is nothing that carries
  /// the load meanwhile, or nothing was known before.
  double update(std::uint32_t tier, double capacity, Time delay, bool at_once, Time now);
  /// When one will rise; none: none waits to.
  std::optional<Time> next_rise() const;
  /// Forgets tiers that are not among these: when they come again, they start from nothing.
  void keep_only(std::span<const std::uint32_t> tiers);

 private:
  struct Held {
    double capacity = 0;
    double rising_to = 0;
    std::optional<Time> rises_at;
  };
  std::map<std::uint32_t, Held> tiers_;
};

}  // namespace outrigger::balance
