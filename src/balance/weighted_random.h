#pragma once
#include "balance/policy.h"
#include "balance/weighted_draw.h"

namespace outrigger::balance {

/// Each request by itself, in proportion to weight. O(log n).
class WeightedRandom final : public Policy {
 public:
  explicit WeightedRandom(Random& random) : random_(random) {}
  void update(std::span<const Candidate> candidates) override { endpoints_.update(candidates); }
  Backend* pick(const Request& /*request*/) override { return endpoints_[endpoints_.draw(random_)].backend; }

 private:
  Random& random_;
  WeightedDraw endpoints_;
};

}  // namespace outrigger::balance
