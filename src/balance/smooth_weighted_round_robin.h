#pragma once
#include <queue>
#include <vector>

#include "balance/policy.h"

namespace outrigger::balance {

/// Turns in proportion to weight, spread as evenly as whole picks allow: after any number of picks t, endpoint i has
/// had within one pick of t·wᵢ/W. Each turn is a unit job with a release time and a deadline, and the eligible job
/// with the earliest deadline is taken (earliest deadline first meets every such deadline on one processor: Liu and
/// Layland 1973; Baruah et al., "Proportionate progress", 1996). The very first pick is drawn at random in proportion
/// to weight and ties are broken at random, so that many sidecars do not walk in lock-step. O(log n) a pick.
class SmoothWeightedRoundRobin final : public Policy {
 public:
  /// Requires at least one endpoint and positive weights.
  SmoothWeightedRoundRobin(std::span<const std::uint32_t> weights, Random& random);
  std::size_t pick() override;

 private:
  struct Turn {
    std::uint64_t due;  ///< when it becomes eligible, or its deadline: which of both, the queue says
    std::uint32_t tie;
    std::uint32_t index;
    bool operator>(const Turn& other) const { return due != other.due ? due > other.due : tie > other.tie; }
  };
  using Queue = std::priority_queue<Turn, std::vector<Turn>, std::greater<>>;

  void start_round();
  void take(std::uint32_t index);

  std::vector<std::uint32_t> weights_;
  std::vector<std::uint32_t> taken_;  ///< picks of each endpoint in this round of W picks
  std::uint64_t total_ = 0;           ///< W
  std::uint64_t now_ = 0;             ///< picks made in this round
  Queue waiting_;                     ///< by release time
  Queue eligible_;                    ///< by deadline
  Random& random_;
};

}  // namespace outrigger::balance
