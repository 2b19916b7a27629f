#include "balance/smooth_weighted_round_robin.h"

#include <numeric>

#include "balance/shuffle.h"
#include "result/result.h"

namespace outrigger::balance {

SmoothWeightedRoundRobin::SmoothWeightedRoundRobin(std::span<const std::uint32_t> weights, Random& random) {
  CHECK(!weights.empty());
  const std::uint32_t unit =
      std::accumulate(weights.begin(), weights.end(), 0u, std::gcd<std::uint32_t, std::uint32_t>);
  const std::uint64_t total = std::accumulate(weights.begin(), weights.end(), std::uint64_t{0}) / unit;
  shares_.reserve(weights.size());
  for (std::uint32_t i = 0; i < weights.size(); ++i) {
    CHECK(weights[i] > 0);
    const std::uint32_t weight = weights[i] / unit;
    const auto parts = static_cast<std::uint32_t>(total % weight);
    shares_.push_back({.index = i,
                       .weight = weight,
                       .step = total / weight,
                       .step_parts = parts,
                       .end_parts = parts,
                       .end = total / weight});
  }
  shuffle(std::span(shares_), random);

  std::uint64_t ticket = random.below(total);
  std::uint32_t first = 0;
  while (ticket >= shares_[first].weight) ticket -= shares_[first++].weight;

  std::vector<Turn> released;
  released.reserve(shares_.size());
  for (std::uint32_t i = 0; i < shares_.size(); ++i) {
    // No true deadline is as early as 0, so this one turn comes first.
    released.push_back({.due = i == first ? 0 : deadline(shares_[i]), .share = i});
  }
  released_ = Queue(std::greater<>(), std::move(released));
  std::vector<Turn> waiting;
  waiting.reserve(shares_.size());
  waiting_ = Queue(std::greater<>(), std::move(waiting));
}

std::size_t SmoothWeightedRoundRobin::pick() {
  while (!waiting_.empty() && waiting_.top().due <= now_) {
    const std::uint32_t next = waiting_.top().share;
    waiting_.pop();
    released_.push({.due = deadline(shares_[next]), .share = next});
  }
  // Never empty: were all next turns released after now, more than `now_` turns would have been taken.
  const std::uint32_t picked = released_.top().share;
  released_.pop();
  ++now_;

  Share& share = shares_[picked];
  waiting_.push({.due = share.end, .share = picked});
  advance(share);
  return share.index;
}

void SmoothWeightedRoundRobin::advance(Share& share) {
  share.end += share.step;
  share.end_parts += share.step_parts;
  if (share.end_parts >= share.weight) {
    share.end_parts -= share.weight;
    ++share.end;
  }
}

}  // namespace outrigger::balance
