#include "balance/round_robin.h"

#include <numeric>

#include "balance/shuffle.h"
#include "result/result.h"

namespace outrigger::balance {

RoundRobin::RoundRobin(std::size_t endpoints, Random& random) : order_(endpoints) {
  CHECK(endpoints > 0);
  std::iota(order_.begin(), order_.end(), 0u);
  shuffle(std::span(order_), random);
}

std::size_t RoundRobin::pick() {
  const std::size_t picked = order_[next_];
  if (++next_ == order_.size()) next_ = 0;
  return picked;
}

}  // namespace outrigger::balance
