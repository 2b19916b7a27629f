#include "balance/least_connections.h"

#include <vector>

#include "balance/weighted_choice.h"

namespace outrigger::balance {
namespace {

/// Whether a has fewer in flight for its weight than b. No overflow: weights are below 2^17.
bool less_loaded(const Candidate& a, const Candidate& b) {
  return std::uint64_t{a.backend->load.in_flight()} * b.weight < std::uint64_t{b.backend->load.in_flight()} * a.weight;
}

}  // namespace

void LeastConnections::update(std::span<const Candidate> candidates) {
  if (weighted_) return endpoints_.update(candidates);
  std::vector<Candidate> alike(candidates.begin(), candidates.end());
  for (Candidate& candidate : alike) candidate.weight = 1;
  endpoints_.update(alike);
}

Backend* LeastConnections::pick(const Request& request) {
  if (endpoints_.size() <= kCompareAll) return least_of_all(request);
  const std::size_t first = endpoints_.draw(random_);
  const std::size_t second = endpoints_.draw_other(first, random_);
  const bool take_second =
      request.has_tried(endpoints_[first].backend) ||
      (less_loaded(endpoints_[second], endpoints_[first]) && !request.has_tried(endpoints_[second].backend));
  return endpoints_[take_second ? second : first].backend;
}

Backend* LeastConnections::least_of_all(const Request& request) {
  const Candidate* least = nullptr;
  WeightedChoice ties(random_);
  for (std::size_t i = 0; i < endpoints_.size(); ++i) {
    const Candidate& next = endpoints_[i];
    if (request.has_tried(next.backend)) continue;
    if (least != nullptr && less_loaded(*least, next)) continue;
    if (least != nullptr && less_loaded(next, *least)) ties.restart();
    if (ties.takes(next.weight)) least = &next;
  }
  return least != nullptr ? least->backend : endpoints_[endpoints_.draw(random_)].backend;
}

}  // namespace outrigger::balance
