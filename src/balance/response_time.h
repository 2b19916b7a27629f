#pragma once
#include "balance/policy.h"
#include "balance/weighted_draw.h"

namespace outrigger::balance {

/// The endpoint that is expected to answer soonest: the least latency (Load::expected_ns()) times one more than what is
/// in flight for its weight, as Finagle's Peak EWMA; with two changes (docs/decisions/0011). Latencies within kAlike of
/// the least are noise and count as equal, so that endpoints that are alike share as with least connections; and what
/// exceeds that counts squared, so that one that is much slower is spared even when all others are busy. One of which
/// nothing is known counts as the others do on average. Ties at random, in proportion to weight. Up to kCompareAll
/// endpoints are all compared; of more, two distinct ones are drawn in proportion to weight, and the first drawn wins a
/// tie. O(log n).
class ResponseTime final : public Policy {
 public:
  static constexpr double kAlike = 1.5;

  explicit ResponseTime(Random& random) : random_(random) {}
  void update(std::span<const Candidate> candidates) override;
  Backend* pick(const Request& request) override;

 private:
  Backend* pick_of_two(const Request& request);
  Backend* pick_of_all(const Request& request);
  /// `slowness`: its latency, in units of the least that is known.
  double cost(double slowness, const Candidate& candidate) const;

  Random& random_;
  WeightedDraw endpoints_;
  double mean_weight_ = 1;
};

}  // namespace outrigger::balance
