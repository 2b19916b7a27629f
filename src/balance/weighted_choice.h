#pragma once
#include <cstdint>

#include "balance/random.h"

namespace outrigger::balance {

/// One of those that are offered one after the other, each in proportion to its weight, however many come: keeping each
/// with probability weight / weights so far leaves them so (reservoir sampling: Chao, Biometrika 69(3), 1982). One
/// owner.
class WeightedChoice {
 public:
  explicit WeightedChoice(Random& random) : random_(random) {}

  /// Whether it takes the place of the one that was taken last; the first does. Requires a positive weight.
  bool takes(std::uint64_t weight) {
    sum_ += weight;
    return sum_ == weight || random_.below(sum_) < weight;
  }
  /// Forgets those before: better ones come.
  void restart() { sum_ = 0; }

 private:
  Random& random_;
  std::uint64_t sum_ = 0;
};

}  // namespace outrigger::balance
