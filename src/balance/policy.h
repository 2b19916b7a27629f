#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "balance/backend.h"
#include "balance/random.h"
#include "model/service_options.h"

namespace outrigger::balance {

/// A request that needs an endpoint. The cluster says the last two.
struct Request {
  Time now{0};
  /// Of what consistent-hash keeps together; where a request has nothing of that, drawn at random.
  std::uint64_t hash = 0;
  /// Endpoints that it has failed on already. Compared as pointers only: they may have ended.
  std::span<Backend* const> tried = {};
  /// Where it wants to go if that is available (affinity); null: anywhere.
  Backend* wanted = nullptr;
  std::uint64_t in_flight = 0;  ///< on all endpoints together
  std::uint64_t requests = 0;   ///< so far, this one included

  bool has_tried(const Backend* backend) const;
};

/// An endpoint and what it counts for.
struct Candidate {
  Backend* backend;
  std::uint32_t weight;  ///< or a hundredth of that is, while any of them has a slow start
  bool eligible = true;
  bool operator==(const Candidate&) const = default;
};

/// Which endpoint is next. Owned by one worker, so it needs no lock.
class Policy {
 public:
  virtual ~Policy() = default;
  /// The endpoints from now on, at least one of them eligible, weights above 0. What is known of those that stay is
  /// kept.
  virtual void update(std::span<const Candidate> candidates) = 0;
  /// One that is eligible. Requires update(). Whoever compares several leaves out those that were tried, if others are
  /// left; who takes turns does not.
  virtual Backend* pick(const Request& request) = 0;
};

/// Up to so many endpoints are all compared; of more, two that are drawn, always distinct.
inline constexpr std::size_t kCompareAll = 16;

/// `random` outlives the policy.
std::unique_ptr<Policy> make_policy(model::PolicyKind kind, Random& random);

}  // namespace outrigger::balance
