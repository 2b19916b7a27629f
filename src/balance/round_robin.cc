#include "balance/round_robin.h"

#include <algorithm>
#include <unordered_set>

#include "balance/shuffle.h"
#include "result/result.h"

namespace outrigger::balance {

void RoundRobin::update(std::span<const Candidate> candidates) {
  std::unordered_set<Backend*> fresh;
  for (const Candidate& candidate : candidates) {
    if (candidate.eligible) fresh.insert(candidate.backend);
  }
  CHECK(!fresh.empty());
  std::vector<Backend*> stay;
  for (std::size_t i = 0; i < order_.size(); ++i) {
    Backend* const backend = order_[(next_ + i) % order_.size()];
    if (fresh.erase(backend) > 0) stay.push_back(backend);
  }
  // In the order given, not the set's, so that a seed always gives the same.
  std::vector<Backend*> come;
  for (const Candidate& candidate : candidates) {
    if (fresh.contains(candidate.backend)) come.push_back(candidate.backend);
  }
  shuffle(std::span(come), random_);

  order_.clear();
  next_ = 0;
  auto staying = stay.begin();
  auto coming = come.begin();
  while (staying != stay.end() || coming != come.end()) {
    const auto left = static_cast<std::uint64_t>(stay.end() - staying);
    const auto all = left + static_cast<std::uint64_t>(come.end() - coming);
    order_.push_back(random_.below(all) < left ? *staying++ : *coming++);
  }
}

Backend* RoundRobin::pick(const Request& /*request*/) {
  Backend* const picked = order_[next_];
  if (++next_ == order_.size()) next_ = 0;
  return picked;
}

}  // namespace outrigger::balance
