#include "simulate/distribution.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace outrigger::simulate {
namespace {

constexpr std::uint64_t kSeed = 7;
constexpr int kSamples = 200'000;

std::vector<double> samples_of(const Distribution& distribution) {
  balance::Random random(kSeed);
  std::vector<double> samples(kSamples);
  for (double& one : samples) one = sample(distribution, random);
  std::sort(samples.begin(), samples.end());
  return samples;
}

double quantile(const std::vector<double>& sorted, double share) {
  return sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size()))];
}

const Distribution kAll[] = {Constant{5e6},
                             Exponential{2e6},
                             Normal{.mean = 80e6, .deviation = 80e6},
                             Normal{.mean = 167e6, .deviation = 5e6},
                             Lognormal{.median = 167e6, .sigma = 0.5},
                             BoundedPareto{.low = 1e6, .high = 100e6, .alpha = 1.5},
                             BoundedPareto{.low = 1e6, .high = 100e6, .alpha = 1},
                             Bimodal{.usual = 1e6, .rare = 50e6, .rare_share = 0.1},
                             Quantiles{{{0, 1e6}, {0.5, 2e6}, {0.9, 5e6}, {1, 50e6}}}};

TEST(Distribution, HasTheMeanThatItSays) {
  for (const Distribution& distribution : kAll) {
    SCOPED_TRACE("kind " + std::to_string(distribution.index()) + ", seed " + std::to_string(kSeed));
    double sum = 0;
    for (const double one : samples_of(distribution)) sum += one;
    EXPECT_NEAR(sum / kSamples / mean(distribution), 1, 0.02);
  }
}

TEST(Distribution, IsNeverNegative) {
  for (const Distribution& distribution : kAll) EXPECT_GE(samples_of(distribution).front(), 0);
}

TEST(Distribution, ExponentialFallsAsItSays) {
  const auto sorted = samples_of(Exponential{2e6});
  EXPECT_NEAR(quantile(sorted, 0.5), 2e6 * std::log(2), 0.03e6);
  EXPECT_NEAR(quantile(sorted, 0.99), 2e6 * std::log(100), 0.3e6);
}

TEST(Distribution, LognormalHasItsMedianAndP99) {
  const auto sorted = samples_of(Lognormal{.median = 10e6, .sigma = lognormal_sigma(10e6, 100e6)});
  EXPECT_NEAR(quantile(sorted, 0.5), 10e6, 0.2e6);
  EXPECT_NEAR(quantile(sorted, 0.99), 100e6, 5e6);
}

TEST(Distribution, ParetoKeepsItsBoundsAndItsPower) {
  const auto sorted = samples_of(BoundedPareto{.low = 1e6, .high = 1'000e6, .alpha = 1});
  EXPECT_GE(sorted.front(), 1e6);
  EXPECT_LE(sorted.back(), 1'000e6);
  // So far from the upper bound one half is above twice the least.
  EXPECT_NEAR(quantile(sorted, 0.5), 2e6, 0.05e6);
}

TEST(Distribution, BimodalIsRarelyRare) {
  const auto sorted = samples_of(Bimodal{.usual = 1, .rare = 2, .rare_share = 0.1});
  const auto rare = std::count(sorted.begin(), sorted.end(), 2);
  EXPECT_NEAR(static_cast<double>(rare) / kSamples, 0.1, 0.005);
}

TEST(Distribution, QuantilesGoThroughTheirPoints) {
  const auto sorted = samples_of(Quantiles{{{0, 1e6}, {0.5, 2e6}, {0.5, 4e6}, {1, 8e6}}});
  EXPECT_GE(sorted.front(), 1e6);
  EXPECT_LE(sorted.back(), 8e6);
  EXPECT_NEAR(quantile(sorted, 0.25), 1.5e6, 0.02e6);
  EXPECT_NEAR(quantile(sorted, 0.75), 6e6, 0.05e6);
  EXPECT_EQ(std::count_if(sorted.begin(), sorted.end(), [](double one) { return one > 2e6 && one < 4e6; }), 0);
}

}  // namespace
}  // namespace outrigger::simulate
