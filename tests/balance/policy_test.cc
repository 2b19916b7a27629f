#include "balance/policy.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace outrigger::balance {
namespace {

using model::PolicyKind;

std::array<int, 3> shares(PolicyKind kind, const std::vector<std::uint32_t>& weights, int picks) {
  Random random(1);
  const auto policy = make_policy(kind, weights, random);
  std::array<int, 3> counts{};
  for (int i = 0; i < picks; ++i) ++counts.at(policy->pick());
  return counts;
}

TEST(MakePolicy, RoundRobinIgnoresWeights) {
  EXPECT_EQ(shares(PolicyKind::round_robin, {5, 3, 1}, 9), (std::array{3, 3, 3}));
}

TEST(MakePolicy, WeightedRoundRobinGivesSharesByWeight) {
  EXPECT_EQ(shares(PolicyKind::weighted_round_robin, {5, 3, 1}, 9), (std::array{5, 3, 1}));
  EXPECT_EQ(shares(PolicyKind::weighted_round_robin, {7, 7, 7}, 9), (std::array{3, 3, 3}));
  EXPECT_EQ(shares(PolicyKind::weighted_round_robin, {1'000}, 9), (std::array{9, 0, 0}));
}

TEST(MakePolicyDeathTest, RefusesNoWeights) {
  Random random(1);
  EXPECT_DEATH(make_policy(PolicyKind::round_robin, {}, random), "CHECK failed");
}

}  // namespace
}  // namespace outrigger::balance
