#include "balance/cluster.h"

#include <algorithm>
#include <limits>

namespace outrigger::balance {
namespace {

/// Lower is preferred: tiers in their order, then whatever is draining, of any tier.
std::uint32_t rank(const Backend& backend) {
  return backend.endpoint.draining ? std::numeric_limits<std::uint32_t>::max() : backend.endpoint.tier;
}

bool contains(std::span<Backend* const> backends, const Backend* backend) {
  return std::find(backends.begin(), backends.end(), backend) != backends.end();
}

}  // namespace

void Cluster::update(const model::ServiceOptions& options, std::span<const model::Endpoint> endpoints) {
  const std::vector<Backend*> before = std::move(in_set_);
  for (Backend* backend : before) backend->in_set = false;
  in_set_.clear();
  for (const model::Endpoint& endpoint : endpoints) {
    auto& backend = by_address_[endpoint.address];
    if (backend && backend->in_set) continue;
    if (!backend) backend = std::make_unique<Backend>();
    backend->in_set = true;
    backend->endpoint = endpoint;
    in_set_.push_back(backend.get());
  }
  choose_preferred(options.policy);
  options_ = options;
  // Only now, so that no new backend can have had the address in memory of one that preferred_ was built from.
  for (Backend* backend : before) end_if_over(*backend);
}

void Cluster::choose_preferred(model::PolicyKind kind) {
  std::uint32_t best = std::numeric_limits<std::uint32_t>::max();
  for (const Backend* backend : in_set_) best = std::min(best, rank(*backend));
  std::vector<Backend*> preferred;
  std::vector<std::uint32_t> weights;
  for (Backend* backend : in_set_) {
    if (rank(*backend) != best) continue;
    preferred.push_back(backend);
    weights.push_back(kind == model::PolicyKind::round_robin ? 1 : backend->endpoint.weight);
  }
  const bool unchanged = policy_ && kind == options_.policy && preferred == preferred_ && weights == weights_;
  if (unchanged) return;
  policy_ = preferred.empty() ? nullptr : make_policy(kind, weights, random_);
  preferred_ = std::move(preferred);
  weights_ = std::move(weights);
}

Backend* Cluster::pick(std::span<Backend* const> tried) {
  if (!policy_) return nullptr;
  // A retry keeps to the policy's turns where that is cheap: one endpoint of much weight may have the next turns too.
  constexpr int kTurns = 4;
  Backend* picked = nullptr;
  for (int turn = 0; turn < kTurns && picked == nullptr; ++turn) {
    Backend* next = preferred_[policy_->pick()];
    if (!contains(tried, next)) picked = next;
  }
  if (picked == nullptr) picked = draw_untried(tried);
  // Beside one that is away, another may have failed by chance.
  if (picked == nullptr) picked = draw_untried(tried.last(1));
  if (picked == nullptr) picked = preferred_[policy_->pick()];
  ++picked->in_flight;
  return picked;
}

Backend* Cluster::draw_untried(std::span<Backend* const> tried) {
  Backend* drawn = nullptr;
  std::uint64_t weights = 0;
  for (Backend* backend : in_set_) {
    if (contains(tried, backend) || (drawn != nullptr && rank(*backend) > rank(*drawn))) continue;
    if (drawn != nullptr && rank(*backend) < rank(*drawn)) weights = 0;
    // Keeping each with probability weight / weights so far leaves every one in proportion to its weight.
    const std::uint32_t weight = options_.policy == model::PolicyKind::round_robin ? 1 : backend->endpoint.weight;
    weights += weight;
    if (random_.below(weights) < weight) drawn = backend;
  }
  return drawn;
}

void Cluster::finish(Backend& backend) {
  CHECK(backend.in_flight > 0);
  --backend.in_flight;
  end_if_over(backend);
}

void Cluster::end_if_over(Backend& backend) {
  if (backend.in_set || backend.in_flight > 0) return;
  const auto found = by_address_.find(backend.endpoint.address);
  CHECK(found != by_address_.end() && found->second.get() == &backend);
  by_address_.erase(found);
}

}  // namespace outrigger::balance
