#include "balance/round_robin.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

namespace outrigger::balance {
namespace {

std::vector<std::size_t> picks(Policy& policy, std::size_t count) {
  std::vector<std::size_t> picked(count);
  std::generate(picked.begin(), picked.end(), [&] { return policy.pick(); });
  return picked;
}

TEST(RoundRobin, TakesEachOnceARoundAlwaysInTheSameOrder) {
  for (std::size_t endpoints = 1; endpoints <= 20; ++endpoints) {
    Random random(endpoints);
    RoundRobin policy(endpoints, random);
    const auto round = picks(policy, endpoints);
    EXPECT_EQ(std::set(round.begin(), round.end()).size(), endpoints);
    EXPECT_EQ(*std::max_element(round.begin(), round.end()), endpoints - 1);
    EXPECT_EQ(picks(policy, endpoints), round);
    EXPECT_EQ(picks(policy, endpoints), round);
  }
}

TEST(RoundRobin, EveryOrderIsEquallyLikely) {
  constexpr int kPolicies = 12'000;
  std::map<std::vector<std::size_t>, int> orders;
  Random random(1);
  for (int i = 0; i < kPolicies; ++i) {
    RoundRobin policy(3, random);
    ++orders[picks(policy, 3)];
  }
  ASSERT_EQ(orders.size(), 6u);
  for (const auto& [order, times] : orders) EXPECT_NEAR(times, kPolicies / 6, 200);  // five standard deviations
}

TEST(RoundRobin, IsTheSameForTheSameSeed) {
  Random one(7), two(7);
  RoundRobin first(50, one), second(50, two);
  EXPECT_EQ(picks(first, 200), picks(second, 200));
}

TEST(RoundRobinDeathTest, RefusesNoEndpoints) {
  Random random(1);
  EXPECT_DEATH(RoundRobin(0, random), "CHECK failed");
}

}  // namespace
}  // namespace outrigger::balance
