#include "health/success_rate.h"

#include <gtest/gtest.h>

#include <random>

namespace outrigger::health {
namespace {

using Counts = PassiveHealth::Counts;
using Outliers = std::vector<std::size_t>;

TEST(SuccessRate, FindsThoseThatFailMuchMoreWorstFirst) {
  EXPECT_EQ(success_rate_outliers(std::vector<Counts>{{100, 0}, {60, 40}, {99, 1}, {20, 80}}), (Outliers{3, 1}));
}

TEST(SuccessRate, FindsNoneWhereAllFailAlike) {
  EXPECT_EQ(success_rate_outliers(std::vector<Counts>{{50, 50}, {48, 52}, {55, 45}}), Outliers{});
  EXPECT_EQ(success_rate_outliers(std::vector<Counts>{{0, 100}, {0, 100}}), Outliers{});
  EXPECT_EQ(success_rate_outliers(std::vector<Counts>{{100, 0}, {100, 0}}), Outliers{});
}

TEST(SuccessRate, SaysNothingOfFewRequestsNorBesideFew) {
  EXPECT_EQ(success_rate_outliers(std::vector<Counts>{{1'000, 0}, {0, kLeastRequests - 1}}), Outliers{});
  EXPECT_EQ(success_rate_outliers(std::vector<Counts>{{1'000, 0}, {0, kLeastRequests}}), Outliers{1});
  EXPECT_EQ(success_rate_outliers(std::vector<Counts>{{kLeastRequests - 1, 0}, {0, 1'000}}), Outliers{});
  EXPECT_EQ(success_rate_outliers(std::vector<Counts>{}), Outliers{});
}

TEST(SuccessRate, ASmallDifferenceIsNoneHoweverSure) {
  EXPECT_EQ(success_rate_outliers(std::vector<Counts>{{1'000'000, 0}, {910'000, 90'000}}), Outliers{});
}

/// Endpoints that all fail at one rate: what is called an outlier is chance.
TEST(SuccessRate, ChanceIsRarelyTakenForAnOutlier) {
  std::mt19937_64 random(1);
  int outliers = 0;
  constexpr int kRuns = 4'000;
  for (int run = 0; run < kRuns; ++run) {
    std::binomial_distribution<std::uint64_t> failures(50, std::uniform_real_distribution<>(0, 0.5)(random));
    std::vector<Counts> counts(6);
    for (Counts& one : counts) {
      one.bad = failures(random);
      one.good = 50 - one.bad;
    }
    outliers += static_cast<int>(success_rate_outliers(counts).size());
  }
  EXPECT_LT(outliers, kRuns * 6 / 200);
}

}  // namespace
}  // namespace outrigger::health
