#pragma once
#include <vector>

#include "balance/policy.h"

namespace outrigger::balance {

/// Each endpoint in turn, weights ignored. The order, and with it the first turn, is drawn at random, so that many
/// sidecars do not walk in lock-step; those that stay keep their order, and new ones come in anywhere. O(1).
class RoundRobin final : public Policy {
 public:
  explicit RoundRobin(Random& random) : random_(random) {}
  void update(std::span<const Candidate> candidates) override;
  Backend* pick(const Request& request) override;

 private:
  Random& random_;
  std::vector<Backend*> order_;
  std::size_t next_ = 0;
};

}  // namespace outrigger::balance
