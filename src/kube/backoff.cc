#include "kube/backoff.h"

#include <algorithm>

#include "result/result.h"

namespace outrigger::kube {

Backoff::Backoff(std::chrono::milliseconds first, std::chrono::milliseconds max, std::uint64_t seed)
    : first_(first), max_(max), nominal_(first), random_(seed) {
  CHECK(first.count() > 0 && first <= max);
}

std::chrono::milliseconds Backoff::next(std::chrono::milliseconds at_least) {
  std::uniform_int_distribution<std::int64_t> around(nominal_.count() / 2, nominal_.count() * 3 / 2);
  const std::chrono::milliseconds drawn(around(random_));
  nominal_ = std::min(nominal_ * 2, max_);
  return std::max(drawn, at_least);
}

}  // namespace outrigger::kube
