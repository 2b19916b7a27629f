#pragma once
#include <chrono>
#include <cstdint>
#include <random>

namespace outrigger::kube {

/// How long to wait before trying again: first, 2·first, 4·first, ... up to max, each drawn anew between half and one
/// and a half of it, so that those who failed together do not come back together. One owner; repeatable from its seed.
class Backoff {
 public:
  /// Requires 0 < first ≤ max.
  Backoff(std::chrono::milliseconds first, std::chrono::milliseconds max, std::uint64_t seed);

  /// Not less than `at_least`, which the server asked for.
  std::chrono::milliseconds next(std::chrono::milliseconds at_least = {});
  void reset() { nominal_ = first_; }

 private:
  std::chrono::milliseconds first_;
  std::chrono::milliseconds max_;
  std::chrono::milliseconds nominal_;
  std::mt19937_64 random_;
};

}  // namespace outrigger::kube
