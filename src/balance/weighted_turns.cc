#include "balance/weighted_turns.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "balance/shuffle.h"
#include "result/result.h"

namespace outrigger::balance {

void WeightedTurns::set_weights(std::span<const std::uint32_t> weights) {
  CHECK(!weights.empty());
  const std::uint32_t unit =
      std::accumulate(weights.begin(), weights.end(), 0u, std::gcd<std::uint32_t, std::uint32_t>);
  total_ = std::accumulate(weights.begin(), weights.end(), std::uint64_t{0}) / unit;
  now_ = 0;
  shares_.clear();
  shares_.reserve(weights.size());
  for (std::uint32_t i = 0; i < weights.size(); ++i) {
    CHECK(weights[i] > 0);
    const std::uint32_t weight = weights[i] / unit;
    const auto parts = static_cast<std::uint32_t>(total_ % weight);
    shares_.push_back({.index = i,
                       .weight = weight,
                       .step = total_ / weight,
                       .step_parts = parts,
                       .end_parts = parts,
                       .end = total_ / weight,
                       .released = true});
  }
  shuffle(std::span(shares_), random_);
}

void WeightedTurns::update(std::span<const std::uint32_t> weights) {
  set_weights(weights);
  std::uint64_t ticket = random_.below(total_);
  std::size_t first = 0;
  while (ticket >= shares_[first].weight) ticket -= shares_[first++].weight;
  fill_queues(first);
}

void WeightedTurns::update(std::span<const std::uint32_t> weights, std::span<const Phase> phases) {
  set_weights(weights);
  CHECK(phases.size() == weights.size());
  for (Share& share : shares_) set_phase(share, phases[share.index]);
  fill_queues(shares_.size());
}

std::vector<WeightedTurns::Phase> WeightedTurns::phases() const {
  std::vector<Phase> phases(shares_.size());
  for (const Share& share : shares_) phases[share.index] = phase_of(share);
  return phases;
}

WeightedTurns::Phase WeightedTurns::phase_of(const Share& share) const {
  const double turn = static_cast<double>(total_) / share.weight;
  const double end = static_cast<double>(share.end) + static_cast<double>(share.end_parts) / share.weight;
  const double until_end = (end - static_cast<double>(now_)) / turn;
  return {.released = share.released, .left = std::clamp(share.released ? until_end : until_end - 1, 0.0, 1.0)};
}

void WeightedTurns::set_phase(Share& share, const Phase& phase) const {
  const auto parts = static_cast<std::uint64_t>(std::llround(phase.left * static_cast<double>(total_)));
  share.released = phase.released;
  share.end = parts / share.weight;
  share.end_parts = static_cast<std::uint32_t>(parts % share.weight);
}

void WeightedTurns::fill_queues(std::size_t first) {
  std::vector<Turn> released;
  std::vector<Turn> waiting;
  released.reserve(shares_.size());
  waiting.reserve(shares_.size());
  for (std::uint32_t i = 0; i < shares_.size(); ++i) {
    Share& share = shares_[i];
    if (share.released) {
      // No true deadline is as early as 0, so this one turn comes first.
      released.push_back({.due = i == first ? 0 : deadline(share), .share = i});
    } else {
      waiting.push_back({.due = share.end, .share = i});
      advance(share);
    }
  }
  released_ = Queue(std::greater<>(), std::move(released));
  waiting_ = Queue(std::greater<>(), std::move(waiting));
}

std::size_t WeightedTurns::next() {
  while (!waiting_.empty() && (waiting_.top().due <= now_ || released_.empty())) {
    const std::uint32_t next = waiting_.top().share;
    waiting_.pop();
    shares_[next].released = true;
    released_.push({.due = deadline(shares_[next]), .share = next});
  }
  const std::uint32_t picked = released_.top().share;
  released_.pop();
  ++now_;

  Share& share = shares_[picked];
  share.released = false;
  waiting_.push({.due = share.end, .share = picked});
  advance(share);
  return share.index;
}

void WeightedTurns::advance(Share& share) {
  share.end += share.step;
  share.end_parts += share.step_parts;
  if (share.end_parts >= share.weight) {
    share.end_parts -= share.weight;
    ++share.end;
  }
}

}  // namespace outrigger::balance
