#include "balance/weighted_draw.h"

#include <algorithm>

#include "result/result.h"

namespace outrigger::balance {

void WeightedDraw::update(std::span<const Candidate> candidates) {
  drawn_.clear();
  sums_.clear();
  std::uint64_t sum = 0;
  for (const Candidate& candidate : candidates) {
    if (!candidate.eligible) continue;
    CHECK(candidate.weight > 0);
    sum += candidate.weight;
    drawn_.push_back(candidate);
    sums_.push_back(sum);
  }
  CHECK(!drawn_.empty());
}

std::size_t WeightedDraw::draw_other(std::size_t than, Random& random) const {
  // The tickets of `than` are passed over, so that no draw is lost.
  std::uint64_t ticket = random.below(sums_.back() - drawn_[than].weight);
  if (ticket >= sums_[than] - drawn_[than].weight) ticket += drawn_[than].weight;
  return owner(ticket);
}

std::size_t WeightedDraw::owner(std::uint64_t ticket) const {
  return static_cast<std::size_t>(std::upper_bound(sums_.begin(), sums_.end(), ticket) - sums_.begin());
}

}  // namespace outrigger::balance
