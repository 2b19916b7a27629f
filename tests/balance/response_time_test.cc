#include "balance/response_time.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "backends.h"

namespace outrigger::balance {
namespace {

/// What the header says, with the latencies as they are known; 0: nothing is.
std::vector<double> costs_of(const std::vector<double>& latencies, const std::vector<std::uint32_t>& weights,
                             Backends& backends) {
  double least = std::numeric_limits<double>::infinity();
  double sum = 0;
  double known = 0;
  double weight_sum = 0;
  for (std::size_t i = 0; i < latencies.size(); ++i) {
    weight_sum += weights[i];
    if (latencies[i] == 0) continue;
    least = std::min(least, latencies[i]);
    sum += latencies[i];
    ++known;
  }
  std::vector<double> costs;
  for (std::size_t i = 0; i < latencies.size(); ++i) {
    const double latency = known == 0 ? 1 : latencies[i] == 0 ? sum / known : latencies[i];
    const double slowness = known == 0 ? 1 : latency / least;
    const double mean_weight = weight_sum / static_cast<double>(latencies.size());
    costs.push_back(std::pow(std::max(1.0, slowness / ResponseTime::kAlike), 2) *
                    (1 + backends[i].load.in_flight() * mean_weight / weights[i]));
  }
  return costs;
}

TEST(ResponseTimeTest, OfFewEndpointsPicksTheOneThatCostsLeast) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    std::vector<std::uint32_t> weights(1 + random.below(kCompareAll));
    for (auto& weight : weights) weight = static_cast<std::uint32_t>(1 + random.below(10));
    Backends backends(weights);
    std::vector<double> latencies(weights.size());
    for (std::size_t i = 0; i < weights.size(); ++i) {
      const auto in_flight = random.below(20);
      for (std::uint64_t k = 0; k < in_flight; ++k) backends[i].load.begin(Time(0));
      if (random.below(4) == 0) continue;
      const Time latency(static_cast<Time::rep>(1'000 + random.below(10'000)));
      backends[i].load.observe(Time(0), latency, {});
      latencies[i] = static_cast<double>(latency.count());
    }
    ResponseTime policy(random);
    policy.update(backends.candidates);
    const auto costs = costs_of(latencies, weights, backends);
    const double least = *std::min_element(costs.begin(), costs.end());
    for (int i = 0; i < 50; ++i) {
      ASSERT_NEAR(costs.at(backends.index_of(policy.pick({}))), least, least * 1e-9);
    }
  }
}

TEST(ResponseTimeTest, OfManyNeverPicksTheSlowerOfTheTwoDrawn) {
  Random random(1);
  Backends backends = Backends::alike(kCompareAll + 1);
  for (std::size_t i = 0; i < backends.size(); ++i) backends[i].load.observe(Time(0), Time(i == 3 ? 9'000 : 1'000), {});
  ResponseTime policy(random);
  policy.update(backends.candidates);
  for (int i = 0; i < 20'000; ++i) ASSERT_NE(backends.index_of(policy.pick({})), 3u);
}

TEST(ResponseTimeTest, LatenciesThatAreNearlyAlikeAreLeftToWhatIsInFlight) {
  Random random(1);
  Backends backends = Backends::alike(2);
  backends[0].load.observe(Time(0), Time(1'000), {});
  backends[1].load.observe(Time(0), Time(1'400), {});
  backends[0].load.begin(Time(0));
  ResponseTime policy(random);
  policy.update(backends.candidates);
  for (int i = 0; i < 100; ++i) ASSERT_EQ(backends.index_of(policy.pick({})), 1u);
}

TEST(ResponseTimeTest, LeavesOutWhatWasTriedIfAnotherIsLeft) {
  for (const std::size_t endpoints : {std::size_t{2}, kCompareAll + 1}) {
    Random random(1);
    Backends backends = Backends::alike(endpoints);
    for (std::size_t i = 1; i < endpoints; ++i) backends[i].load.observe(Time(0), Time(1'000'000), {});
    backends[0].load.observe(Time(0), Time(1'000), {});
    ResponseTime policy(random);
    policy.update(backends.candidates);
    Backend* const tried[] = {&backends[0]};
    for (int i = 0; i < 1'000; ++i) ASSERT_NE(policy.pick({.tried = tried}), tried[0]);
  }
}

}  // namespace
}  // namespace outrigger::balance
