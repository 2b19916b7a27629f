#pragma once
#include <vector>

#include "balance/policy.h"
#include "balance/weighted_turns.h"

namespace outrigger::balance {

/// Turns in proportion to weight, spread as evenly as whole picks allow (balance/weighted_turns.h). When the endpoints
/// or weights change, those that stay are as far through the time between two of their turns as they were, and new ones
/// somewhere in it at random. O(log n).
class SmoothWeightedRoundRobin final : public Policy {
 public:
  explicit SmoothWeightedRoundRobin(Random& random) : turns_(random) {}
  void update(std::span<const Candidate> candidates) override;
  Backend* pick(const Request& /*request*/) override { return backends_[turns_.next()]; }

 private:
  std::vector<Backend*> backends_;
  WeightedTurns turns_;
};

}  // namespace outrigger::balance
