#pragma once
#include <cstdint>
#include <vector>

#include "balance/policy.h"

namespace outrigger::balance {

/// Draws endpoints in proportion to weight. O(n) to build, O(log n) a draw.
class WeightedDraw {
 public:
  /// Of those of the candidates that are eligible: at least one.
  void update(std::span<const Candidate> candidates);

  std::size_t size() const { return drawn_.size(); }
  const Candidate& operator[](std::size_t index) const { return drawn_[index]; }

  /// An index.
  std::size_t draw(Random& random) const { return owner(random.below(sums_.back())); }
  /// Any but that one, in proportion to weight; requires two.
  std::size_t draw_other(std::size_t than, Random& random) const;

 private:
  std::size_t owner(std::uint64_t ticket) const;

  std::vector<Candidate> drawn_;
  std::vector<std::uint64_t> sums_;  ///< sums_[i]: of the weights of 0..i
};

}  // namespace outrigger::balance
