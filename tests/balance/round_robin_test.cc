#include "balance/round_robin.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "backends.h"

namespace outrigger::balance {
namespace {

std::vector<std::size_t> picks(Policy& policy, const Backends& backends, std::size_t count) {
  std::vector<std::size_t> picked(count);
  std::generate(picked.begin(), picked.end(), [&] { return backends.index_of(policy.pick({})); });
  return picked;
}

TEST(RoundRobin, TakesEachOnceARoundAlwaysInTheSameOrder) {
  for (std::size_t endpoints = 1; endpoints <= 20; ++endpoints) {
    Random random(endpoints);
    RoundRobin policy(random);
    const Backends backends = Backends::alike(endpoints);
    policy.update(backends.candidates);
    const auto round = picks(policy, backends, endpoints);
    EXPECT_EQ(std::set(round.begin(), round.end()).size(), endpoints);
    EXPECT_EQ(*std::max_element(round.begin(), round.end()), endpoints - 1);
    EXPECT_EQ(picks(policy, backends, endpoints), round);
    EXPECT_EQ(picks(policy, backends, endpoints), round);
  }
}

TEST(RoundRobin, EveryOrderIsEquallyLikely) {
  constexpr int kPolicies = 12'000;
  std::map<std::vector<std::size_t>, int> orders;
  Random random(1);
  const Backends backends = Backends::alike(3);
  for (int i = 0; i < kPolicies; ++i) {
    RoundRobin policy(random);
    policy.update(backends.candidates);
    ++orders[picks(policy, backends, 3)];
  }
  ASSERT_EQ(orders.size(), 6u);
  for (const auto& [order, times] : orders) EXPECT_NEAR(times, kPolicies / 6, 200);  // five standard deviations
}

TEST(RoundRobin, ThoseThatStayKeepTheirOrderAndTheTurn) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    RoundRobin policy(random);
    Backends backends = Backends::alike(12);
    for (std::size_t i = 8; i < 12; ++i) backends.candidates[i].eligible = false;
    policy.update(backends.candidates);
    const auto before = picks(policy, backends, 8 + random.below(8));
    const std::size_t gone = random.below(8);
    for (Candidate& candidate : backends.candidates) candidate.eligible = true;
    backends.candidates[gone].eligible = false;
    policy.update(backends.candidates);
    std::vector<std::size_t> expected(before.end() - 8, before.end());  // one round, from the turn on
    std::erase(expected, gone);
    auto after = picks(policy, backends, 11);
    EXPECT_EQ(std::set(after.begin(), after.end()).size(), 11u);
    std::erase_if(after, [](std::size_t i) { return i >= 8; });
    EXPECT_EQ(after, expected);
  }
}

TEST(RoundRobin, IsTheSameForTheSameSeed) {
  Random one(7), two(7);
  RoundRobin first(one), second(two);
  const Backends backends = Backends::alike(50);
  first.update(backends.candidates);
  second.update(backends.candidates);
  EXPECT_EQ(picks(first, backends, 200), picks(second, backends, 200));
}

}  // namespace
}  // namespace outrigger::balance
