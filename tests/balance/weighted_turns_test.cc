#include "balance/weighted_turns.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

namespace outrigger::balance {
namespace {

using Weights = std::vector<std::uint32_t>;

std::uint64_t sum(const Weights& weights) { return std::accumulate(weights.begin(), weights.end(), std::uint64_t{0}); }

Weights random_weights(Random& random, std::size_t endpoints, std::uint32_t heaviest) {
  Weights weights(endpoints);
  for (auto& weight : weights) weight = static_cast<std::uint32_t>(random.below(heaviest) + 1);
  return weights;
}

WeightedTurns turns_over(const Weights& weights, Random& random) {
  WeightedTurns turns(random);
  turns.update(weights);
  return turns;
}

/// Whether after each of `picks` picks every endpoint had strictly within one pick of its share; counted in whole
/// numbers, |count·W − t·w| < W.
testing::AssertionResult stays_within_one_pick(const Weights& weights, Random& random, std::uint64_t picks) {
  WeightedTurns turns = turns_over(weights, random);
  const auto total = static_cast<std::int64_t>(sum(weights));
  // excess[i] = count·W − t·w
  std::vector<std::int64_t> excess(weights.size(), 0);
  for (std::uint64_t t = 1; t <= picks; ++t) {
    excess[turns.next()] += total;
    bool within = true;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      excess[i] -= weights[i];
      within &= excess[i] < total && excess[i] > -total;
    }
    if (!within) return testing::AssertionFailure() << "after " << t << " of " << total << " picks a round";
  }
  if (picks % sum(weights) == 0 && std::any_of(excess.begin(), excess.end(), [](auto e) { return e != 0; })) {
    return testing::AssertionFailure() << "whole rounds did not give exact shares";
  }
  return testing::AssertionSuccess();
}

TEST(WeightedTurns, EveryPrefixStaysWithinOnePickOfTheShares) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    Random random(seed);
    const std::size_t endpoints = 1 + random.below(50);
    const std::uint32_t heaviest = std::array{2u, 10u, 100u, 1'000u}[seed % 4];
    const Weights weights = random_weights(random, endpoints, heaviest);
    SCOPED_TRACE("seed " + std::to_string(seed) + ", " + testing::PrintToString(weights));
    ASSERT_TRUE(stays_within_one_pick(weights, random, 3 * sum(weights)));
  }
}

TEST(WeightedTurns, EveryPrefixStaysWithinOnePickForSmallWeightsAndEveryStart) {
  for (std::uint32_t a = 1; a <= 6; ++a) {
    for (std::uint32_t b = a; b <= 6; ++b) {
      for (std::uint32_t c = b; c <= 6; ++c) {
        for (std::uint64_t seed = 1; seed <= 20; ++seed) {
          SCOPED_TRACE(testing::Message() << a << " " << b << " " << c << ", seed " << seed);
          Random random(seed);
          ASSERT_TRUE(stays_within_one_pick({a, b, c}, random, 3 * (a + b + c)));
        }
      }
    }
  }
}

TEST(WeightedTurns, EveryPrefixStaysWithinOnePickForLopsidedWeights) {
  Weights one_heavy(50, 1), one_light(50, 1'000), coprime(50);
  one_heavy[17] = 1'000;
  one_light[17] = 1;
  std::iota(coprime.begin(), coprime.end(), 951u);
  for (const Weights& weights : {one_heavy, one_light, coprime, Weights{1'000, 1}, Weights{1, 1}, Weights{1'000},
                                 Weights{999, 1'000}, Weights{600, 300, 100}}) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      SCOPED_TRACE("seed " + std::to_string(seed) + ", " + testing::PrintToString(weights));
      Random random(seed);
      ASSERT_TRUE(stays_within_one_pick(weights, random, 2 * sum(weights)));
    }
  }
}

TEST(WeightedTurns, EveryRoundGivesExactSharesToThousandsOfEndpoints) {
  Random random(1);
  const Weights weights = random_weights(random, 2'500, 40);
  ASSERT_GT(sum(weights), 50'000u);
  WeightedTurns turns = turns_over(weights, random);
  for (int round = 0; round < 2; ++round) {
    Weights counts(weights.size());
    for (std::uint64_t t = 0; t < sum(weights); ++t) ++counts[turns.next()];
    ASSERT_EQ(counts, weights);
  }
}

TEST(WeightedTurns, TenThousandPicksOverFiveThreeOneLandWithinOne) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    WeightedTurns turns = turns_over({5, 3, 1}, random);
    std::array<int, 3> counts{};
    for (int i = 0; i < 10'000; ++i) ++counts[turns.next()];
    EXPECT_NEAR(counts[0], 10'000 * 5 / 9.0, 1);
    EXPECT_NEAR(counts[1], 10'000 * 3 / 9.0, 1);
    EXPECT_NEAR(counts[2], 10'000 * 1 / 9.0, 1);
  }
}

TEST(WeightedTurns, TheFirstPickIsDrawnInProportionToWeight) {
  constexpr int kPolicies = 9'000;
  std::array<int, 3> first{};
  Random random(1);
  for (int i = 0; i < kPolicies; ++i) ++first[turns_over({5, 3, 1}, random).next()];
  EXPECT_NEAR(first[0], 5'000, 240);  // five standard deviations
  EXPECT_NEAR(first[1], 3'000, 225);
  EXPECT_NEAR(first[2], 1'000, 150);
}

TEST(WeightedTurns, SeedsStartApartAndOneSeedAlwaysAlike) {
  Random vector(1);
  const Weights weights = random_weights(vector, 20, 10);
  const auto beginning = [&](std::uint64_t seed) {
    Random random(seed);
    WeightedTurns turns = turns_over(weights, random);
    std::vector<std::size_t> picked(50);
    std::generate(picked.begin(), picked.end(), [&] { return turns.next(); });
    return picked;
  };
  std::set<std::vector<std::size_t>> beginnings;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    beginnings.insert(beginning(seed));
    ASSERT_EQ(beginning(seed), beginning(seed)) << "seed " << seed;
  }
  EXPECT_EQ(beginnings.size(), 100u);
}

TEST(WeightedTurns, OnlyProportionsMatter) {
  Random one(3), two(3);
  WeightedTurns small = turns_over({5, 3, 1}, one), large = turns_over({500, 300, 100}, two);
  for (int i = 0; i < 100; ++i) ASSERT_EQ(small.next(), large.next());
}

/// How far each item is off its share, in turns: the sum over all changes, counted anew from each.
TEST(WeightedTurns, StaysWithinTwoOfTheSharesOverAnyNumberOfChangesOfWeights) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    Weights weights = random_weights(random, 2 + random.below(20), 100);
    WeightedTurns turns = turns_over(weights, random);
    std::vector<double> excess(weights.size(), 0);
    for (int change = 0; change < 200; ++change) {
      const auto count = random.below(50);
      for (std::uint64_t t = 0; t < count; ++t) {
        excess[turns.next()] += 1;
        for (std::size_t i = 0; i < weights.size(); ++i) {
          excess[i] -= static_cast<double>(weights[i]) / static_cast<double>(sum(weights));
          ASSERT_LT(std::abs(excess[i]), 2) << "item " << i << " after change " << change;
        }
      }
      weights[random.below(weights.size())] = static_cast<std::uint32_t>(1 + random.below(100));
      turns.update(weights, turns.phases());
    }
  }
}

TEST(WeightedTurns, AnUpdateThatChangesNothingLeavesNoTrace) {
  Random one(5), two(5), drawn(9);
  WeightedTurns kept = turns_over({5, 3, 1, 4}, one), updated = turns_over({5, 3, 1, 4}, two);
  Weights counts(4), others(4);
  for (int i = 0; i < 13 * 50; ++i) {
    ++counts[kept.next()];
    ++others[updated.next()];
    if (drawn.below(3) == 0) updated.update(Weights{5, 3, 1, 4}, updated.phases());
  }
  EXPECT_EQ(counts, (Weights{250, 150, 50, 200}));
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(others[i], counts[i], 1) << i;
}

TEST(WeightedTurnsDeathTest, RefusesNoEndpointsAndNoWeight) {
  Random random(1);
  EXPECT_DEATH(turns_over({}, random), "CHECK failed");
  EXPECT_DEATH(turns_over({1, 0}, random), "CHECK failed");
}

}  // namespace
}  // namespace outrigger::balance
