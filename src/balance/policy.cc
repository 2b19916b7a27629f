#include "balance/policy.h"

#include <algorithm>

#include "balance/round_robin.h"
#include "balance/smooth_weighted_round_robin.h"

namespace outrigger::balance {

std::unique_ptr<Policy> make_policy(model::PolicyKind kind, std::span<const std::uint32_t> weights, Random& random) {
  CHECK(!weights.empty());
  // Equal weights need no deadlines: any fixed order gives every endpoint its exact share, in O(1).
  const bool equal = std::all_of(weights.begin(), weights.end(), [&](auto weight) { return weight == weights[0]; });
  if (kind == model::PolicyKind::round_robin || equal) return std::make_unique<RoundRobin>(weights.size(), random);
  return std::make_unique<SmoothWeightedRoundRobin>(weights, random);
}

}  // namespace outrigger::balance
