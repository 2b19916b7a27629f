#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "balance/random.h"
#include "model/service_options.h"

namespace outrigger::balance {

/// Which endpoint is next. Built for one fixed list of endpoints; owned by one worker, so it needs no lock.
class Policy {
 public:
  virtual ~Policy() = default;
  /// An index into the endpoints it was built for.
  virtual std::size_t pick() = 0;
};

/// Requires at least one weight, each 1–1000. `random` outlives the policy.
std::unique_ptr<Policy> make_policy(model::PolicyKind kind, std::span<const std::uint32_t> weights, Random& random);

}  // namespace outrigger::balance
