#include "balance/level_shares.h"

#include <algorithm>
#include <numeric>

namespace outrigger::balance {

double capacity_of(std::uint64_t available, std::uint64_t total) {
  if (total == 0) return 0;
  return std::min(1.0, kOverprovisioning * static_cast<double>(available) / static_cast<double>(total));
}

std::vector<double> tier_shares(std::span<const double> capacities, bool strict) {
  std::vector<double> shares(capacities.size(), 0);
  double left = 1;
  for (std::size_t i = 0; i < capacities.size() && left > 0; ++i) {
    shares[i] = strict && capacities[i] > 0 ? left : std::min(left, capacities[i]);
    left -= shares[i];
  }
  const double carried = std::accumulate(shares.begin(), shares.end(), 0.0);
  if (carried > 0) {
    for (double& share : shares) share /= carried;
  }
  return shares;
}

double local_share(std::uint64_t local_available, std::uint64_t available, std::uint64_t total, std::size_t zones) {
  if (local_available == 0) return 0;
  if (local_available == available) return 1;
  return std::min(1.0, kOverprovisioning * static_cast<double>(local_available) * static_cast<double>(zones) /
                           static_cast<double>(total));
}

double TierCapacities::update(std::uint32_t tier, double capacity, Time delay, bool at_once, Time now) {
  Held& held = tiers_[tier];
  if (at_once || capacity <= held.capacity) {
    held = {.capacity = capacity, .rising_to = 0, .rises_at = std::nullopt};
    return capacity;
  }
  // What falls while it waits to rise was not well for long enough.
  if (!held.rises_at || capacity < held.rising_to) held.rises_at = now + delay;
  held.rising_to = capacity;
  if (now >= *held.rises_at) held = {.capacity = capacity, .rising_to = 0, .rises_at = std::nullopt};
  return held.capacity;
}

std::optional<Time> TierCapacities::next_rise() const {
  std::optional<Time> next;
  for (const auto& [tier, held] : tiers_) {
    if (held.rises_at && (!next || *held.rises_at < *next)) next = held.rises_at;
  }
  return next;
}

void TierCapacities::keep_only(std::span<const std::uint32_t> tiers) {
  std::erase_if(tiers_,
                [&](const auto& item) { return std::find(tiers.begin(), tiers.end(), item.first) == tiers.end(); });
}

}  // namespace outrigger::balance
