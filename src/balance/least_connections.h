#pragma once
#include "balance/policy.h"
#include "balance/weighted_draw.h"

namespace outrigger::balance {

/// The endpoint with the fewest requests in flight, or the fewest for its weight; ties at random, in proportion to
/// weight. Up to kCompareAll endpoints are all compared; of more, two distinct ones are drawn in proportion to weight,
/// and the first drawn wins a tie, so that idle traffic is shared by weight exactly (the power of two choices:
/// Mitzenmacher, IEEE TPDS 12(10), 2001). O(log n).
class LeastConnections final : public Policy {
 public:
  /// Without weights all count alike.
  LeastConnections(bool weighted, Random& random) : weighted_(weighted), random_(random) {}
  void update(std::span<const Candidate> candidates) override;
  Backend* pick(const Request& request) override;

 private:
  Backend* least_of_all(const Request& request);

  bool weighted_;
  Random& random_;
  WeightedDraw endpoints_;
};

}  // namespace outrigger::balance
