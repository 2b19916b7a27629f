#pragma once
#include <functional>
#include <queue>
#include <vector>

#include "balance/policy.h"

namespace outrigger::balance {

/// Turns in proportion to weight, spread as evenly as whole picks allow: after any number of picks t, endpoint i has
/// had strictly within one pick of t·wᵢ/W, and every W picks exactly its share. Endpoint i's turn j (from 0) is a unit
/// job released at ⌊j·W/wᵢ⌋ with the deadline ⌈(j+1)·W/wᵢ⌉, and of the released ones the earliest deadline is taken
/// (earliest deadline first meets every such deadline on one processor: Liu and Layland 1973; Baruah et al.,
/// "Proportionate progress", 1996). The very first pick is drawn at random in proportion to weight and ties are broken
/// in an order drawn at random, so that many sidecars do not walk in lock-step. Neither breaks a deadline: with weights
/// in lowest terms, Σ⌊t·wᵢ/W⌋ < t for 0 < t < W, so there is always a slot that no deadline needs.
/// O(log n) a pick, amortised; no allocation after construction.
class SmoothWeightedRoundRobin final : public Policy {
 public:
  /// Requires at least one endpoint and positive weights.
  SmoothWeightedRoundRobin(std::span<const std::uint32_t> weights, Random& random);
  std::size_t pick() override;

 private:
  /// Times are in picks made, whole and in parts of `weight`, so that no pick divides and nothing ever overflows.
  struct Share {
    std::uint32_t index;       ///< the caller's
    std::uint32_t weight;      ///< in lowest terms with the others
    std::uint64_t step;        ///< ⌊W/weight⌋
    std::uint32_t step_parts;  ///< W mod weight
    std::uint32_t end_parts;   ///< always below weight
    std::uint64_t end;         ///< of the turn in the queues: (j+1)·W/weight, where the next one's release is
  };
  struct Turn {
    std::uint64_t due;  ///< release or deadline: which of both, the queue says
    std::uint32_t share;
    bool operator>(const Turn& other) const { return due != other.due ? due > other.due : share > other.share; }
  };
  using Queue = std::priority_queue<Turn, std::vector<Turn>, std::greater<>>;

  static std::uint64_t deadline(const Share& share) { return share.end + (share.end_parts > 0 ? 1 : 0); }
  static void advance(Share& share);

  std::vector<Share> shares_;  ///< in the order that breaks ties
  std::uint64_t now_ = 0;      ///< picks made
  Queue waiting_;              ///< by release; every share has one turn in one of both queues
  Queue released_;             ///< by deadline
};

}  // namespace outrigger::balance
