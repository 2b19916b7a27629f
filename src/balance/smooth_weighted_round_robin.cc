#include "balance/smooth_weighted_round_robin.h"

#include <numeric>

#include "balance/shuffle.h"
#include "result/result.h"

namespace outrigger::balance {

SmoothWeightedRoundRobin::SmoothWeightedRoundRobin(std::span<const std::uint32_t> weights, Random& random) {
  CHECK(!weights.empty());
  const std::uint32_t unit =
      std::accumulate(weights.begin(), weights.end(), 0u, std::gcd<std::uint32_t, std::uint32_t>);
  shares_.reserve(weights.size());
  for (std::uint32_t i = 0; i < weights.size(); ++i) {
    CHECK(weights[i] > 0);
    shares_.push_back({.index = i, .weight = weights[i] / unit});
    total_ += weights[i] / unit;
  }
  shuffle(std::span(shares_), random);

  std::uint64_t ticket = random.below(total_);
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
  if (++share.taken == share.weight) {
    share.taken = 0;
    share.round_start += total_;
  }
  waiting_.push({.due = release(share), .share = picked});
  return share.index;
}

std::uint64_t SmoothWeightedRoundRobin::release(const Share& share) const {
  return share.round_start + share.taken * total_ / share.weight;
}

std::uint64_t SmoothWeightedRoundRobin::deadline(const Share& share) const {
  return share.round_start + ((share.taken + 1) * total_ + share.weight - 1) / share.weight;
}

}  // namespace outrigger::balance
