#include "balance/response_time.h"

#include <algorithm>
#include <array>

#include "balance/weighted_choice.h"

namespace outrigger::balance {

void ResponseTime::update(std::span<const Candidate> candidates) {
  endpoints_.update(candidates);
  double sum = 0;
  for (std::size_t i = 0; i < endpoints_.size(); ++i) sum += endpoints_[i].weight;
  mean_weight_ = sum / static_cast<double>(endpoints_.size());
}

double ResponseTime::cost(double slowness, const Candidate& candidate) const {
  const double beyond_noise = std::max(1.0, slowness / kAlike);
  return beyond_noise * beyond_noise * (1 + candidate.backend->load.in_flight() * mean_weight_ / candidate.weight);
}

Backend* ResponseTime::pick(const Request& request) {
  return endpoints_.size() <= kCompareAll ? pick_of_all(request) : pick_of_two(request);
}

Backend* ResponseTime::pick_of_two(const Request& request) {
  const std::size_t first = endpoints_.draw(random_);
  const std::size_t second = endpoints_.draw_other(first, random_);
  const Candidate& a = endpoints_[first];
  const Candidate& b = endpoints_[second];
  if (request.has_tried(a.backend)) return b.backend;
  if (request.has_tried(b.backend)) return a.backend;
  const Moment moment{.now = request.now, .requests = request.requests};
  double latency_a = a.backend->load.expected_ns(moment);
  double latency_b = b.backend->load.expected_ns(moment);
  if (latency_a == 0 || latency_b == 0) latency_a = latency_b = 1;
  const double least = std::min(latency_a, latency_b);
  return cost(latency_b / least, b) < cost(latency_a / least, a) ? b.backend : a.backend;
}

Backend* ResponseTime::pick_of_all(const Request& request) {
  const std::size_t size = endpoints_.size();
  const Moment moment{.now = request.now, .requests = request.requests};
  std::array<double, kCompareAll> latencies{};
  double least_latency = 0;
  double sum = 0;
  double known = 0;
  for (std::size_t i = 0; i < size; ++i) {
    if (request.has_tried(endpoints_[i].backend)) continue;
    const double latency = endpoints_[i].backend->load.expected_ns(moment);
    if (latency == 0) continue;
    latencies[i] = latency;
    sum += latency;
    ++known;
    if (least_latency == 0 || latency < least_latency) least_latency = latency;
  }
  const double average_slowness = known == 0 ? 1 : sum / known / least_latency;
  const Candidate* best = nullptr;
  double least_cost = 0;
  WeightedChoice ties(random_);
  for (std::size_t i = 0; i < size; ++i) {
    const Candidate& next = endpoints_[i];
    if (request.has_tried(next.backend)) continue;
    const double next_cost = cost(latencies[i] == 0 ? average_slowness : latencies[i] / least_latency, next);
    if (best != nullptr && next_cost > least_cost) continue;
    if (next_cost < least_cost) ties.restart();
    least_cost = next_cost;
    if (ties.takes(next.weight)) best = &next;
  }
  return best != nullptr ? best->backend : endpoints_[endpoints_.draw(random_)].backend;
}

}  // namespace outrigger::balance
