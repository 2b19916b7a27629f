#pragma once
#include <vector>

#include "balance/policy.h"

namespace outrigger::balance {

/// Each endpoint in turn, weights ignored. The order, and with it the first turn, is drawn at random, so that many
/// sidecars do not walk in lock-step. O(1).
class RoundRobin final : public Policy {
 public:
  /// Requires at least one endpoint.
  RoundRobin(std::size_t endpoints, Random& random);
  std::size_t pick() override;

 private:
  std::vector<std::uint32_t> order_;
  std::size_t next_ = 0;
};

}  // namespace outrigger::balance
