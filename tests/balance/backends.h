#pragma once
#include <memory>
#include <string>
#include <vector>

#include "balance/policy.h"

namespace outrigger::balance {

/// Endpoints "e0", "e1", ... of those weights, as a policy is given them.
class Backends {
 public:
  explicit Backends(const std::vector<std::uint32_t>& weights) {
    for (const std::uint32_t weight : weights) {
      auto backend = std::make_unique<Backend>();
      backend->endpoint.address = "e" + std::to_string(owned_.size());
      backend->endpoint.weight = weight;
      backend->hash = hash_of(backend->endpoint.address);
      candidates.push_back({.backend = backend.get(), .weight = weight, .eligible = true});
      owned_.push_back(std::move(backend));
    }
  }
  static Backends alike(std::size_t count) { return Backends(std::vector<std::uint32_t>(count, 1)); }

  std::size_t size() const { return owned_.size(); }
  Backend& operator[](std::size_t index) { return *owned_[index]; }
  std::size_t index_of(const Backend* backend) const {
    for (std::size_t i = 0; i < owned_.size(); ++i) {
      if (owned_[i].get() == backend) return i;
    }
    return owned_.size();
  }
  /// How often each is picked while nothing is in flight.
  std::vector<std::uint32_t> idle_picks(Policy& policy, int picks, Random& random) const {
    std::vector<std::uint32_t> counts(size());
    for (int i = 0; i < picks; ++i) ++counts.at(index_of(policy.pick({.hash = random.next(), .tried = {}})));
    return counts;
  }

  std::vector<Candidate> candidates;

 private:
  std::vector<std::unique_ptr<Backend>> owned_;
};

}  // namespace outrigger::balance
