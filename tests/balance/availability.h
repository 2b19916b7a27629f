#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <vector>

#include "balance/cluster.h"

namespace outrigger::balance {

using namespace std::chrono_literals;
using model::Endpoint;
using model::PolicyKind;
using model::ServiceOptions;
/// Requests by endpoint.
using Shares = std::map<std::string, int>;

inline Endpoint at(std::string address, std::uint32_t tier = 0, std::string zone = {}) {
  return {.address = std::move(address), .weight = 1, .tier = tier, .zone = std::move(zone), .pod = {}};
}

/// A cluster, and endpoints of which some are not well.
class AvailabilityTest : public testing::Test {
 protected:
  AvailabilityTest() { options.policy = PolicyKind::round_robin; }

  void update(std::vector<Endpoint> endpoints) { cluster.update(options, endpoints, now); }

  Backend& backend(std::string_view address) {
    const auto backends = cluster.backends();
    return **std::find_if(backends.begin(), backends.end(),
                          [&](auto* one) { return one->endpoint.address == address; });
  }
  Call pick(std::span<Backend* const> tried = {}) { return cluster.pick({.now = now, .tried = tried}); }
  /// Requests that end at once, as their endpoint lets them.
  Shares send(int requests) {
    Shares counts;
    for (int i = 0; i < requests; ++i) {
      Call call = pick();
      const std::string address = call.backend == nullptr ? "none" : call.backend->endpoint.address;
      ++counts[address];
      if (call.backend != nullptr) cluster.finish(call, verdict_of(address), now);
    }
    return counts;
  }
  Verdict verdict_of(const std::string& address) const {
    const auto found = verdicts.find(address);
    return found == verdicts.end() ? Verdict::good : found->second;
  }
  Standing standing(std::string_view address) { return backend(address).standing(); }

  ServiceOptions options;
  std::map<std::string, Verdict> verdicts;  ///< of endpoints that are not well
  Time now = 1'000s;
  Random random{1};
  Cluster cluster{random};
};

}  // namespace outrigger::balance
