#include "balance/least_connections.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "backends.h"

namespace outrigger::balance {
namespace {

class LeastConnectionsTest : public testing::TestWithParam<bool> {};  // weighted

/// Requests begin and end at random; each pick is compared with what all endpoints have.
TEST_P(LeastConnectionsTest, OfFewEndpointsNeverPicksOneWithMoreInFlightForItsWeightThanTheLeast) {
  const bool weighted = GetParam();
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    std::vector<std::uint32_t> weights(1 + random.below(kCompareAll));
    for (auto& weight : weights) weight = static_cast<std::uint32_t>(1 + random.below(1'000));
    Backends backends(weights);
    LeastConnections policy(weighted, random);
    policy.update(backends.candidates);
    const auto load = [&](std::size_t i) {
      return static_cast<double>(backends[i].load.in_flight()) / (weighted ? weights[i] : 1);
    };
    std::vector<std::size_t> open;
    for (int step = 0; step < 2'000; ++step) {
      if (!open.empty() && random.below(2) == 0) {
        std::swap(open[random.below(open.size())], open.back());
        backends[open.back()].load.end();
        open.pop_back();
        continue;
      }
      const std::size_t picked = backends.index_of(policy.pick({}));
      for (std::size_t i = 0; i < weights.size(); ++i) ASSERT_LE(load(picked), load(i) * (1 + 1e-12));
      backends[picked].load.begin(Time(0));
      open.push_back(picked);
    }
  }
}

TEST_P(LeastConnectionsTest, OfManyNeverPicksTheBusierOfTheTwoDrawn) {
  Random random(1);
  Backends backends = Backends::alike(kCompareAll + 1);
  for (int i = 0; i < 9; ++i) backends[3].load.begin(Time(0));
  LeastConnections policy(GetParam(), random);
  policy.update(backends.candidates);
  for (int i = 0; i < 20'000; ++i) ASSERT_NE(backends.index_of(policy.pick({})), 3u);
}

TEST_P(LeastConnectionsTest, LeavesOutWhatWasTriedIfAnotherIsLeft) {
  for (const std::size_t endpoints : {std::size_t{2}, kCompareAll + 1}) {
    Random random(1);
    Backends backends = Backends::alike(endpoints);
    for (std::size_t i = 1; i < endpoints; ++i) backends[i].load.begin(Time(0));
    LeastConnections policy(GetParam(), random);
    policy.update(backends.candidates);
    Backend* const tried[] = {&backends[0]};
    for (int i = 0; i < 1'000; ++i) ASSERT_NE(policy.pick({.tried = tried}), tried[0]);
  }
}

INSTANTIATE_TEST_SUITE_P(, LeastConnectionsTest, testing::Bool(),
                         [](const auto& test) { return test.param ? "Weighted" : "Alike"; });

}  // namespace
}  // namespace outrigger::balance
