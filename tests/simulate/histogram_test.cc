#include "simulate/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "balance/random.h"

namespace outrigger::simulate {
namespace {

TEST(Histogram, IsEmptyAtFirst) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.mean(), Time(0));
  EXPECT_EQ(histogram.quantile(0.5), Time(0));
}

TEST(Histogram, KeepsSmallValuesExactly) {
  Histogram histogram;
  for (int i = 1; i <= 100; ++i) histogram.add(Time(i));
  EXPECT_EQ(histogram.quantile(0.01), Time(1));
  EXPECT_EQ(histogram.quantile(0.5), Time(50));
  EXPECT_EQ(histogram.quantile(1), Time(100));
  EXPECT_EQ(histogram.mean(), Time(50));
  EXPECT_EQ(histogram.max(), Time(100));
}

TEST(Histogram, IsOffByLessThanHalfAPercentWhateverTheSize) {
  constexpr std::uint64_t kSeed = 3;
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  balance::Random random(kSeed);
  Histogram histogram;
  std::vector<Time> values;
  for (int i = 0; i < 50'000; ++i) {
    const double power = static_cast<double>(random.below(1'300)) / 100;  // up to hours
    values.emplace_back(static_cast<Time::rep>(std::pow(10, power)));
    histogram.add(values.back());
  }
  std::sort(values.begin(), values.end());
  for (const double share : {0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    const auto exact = values[static_cast<std::size_t>(std::ceil(share * 50'000)) - 1];
    const auto shown = histogram.quantile(share);
    EXPECT_NEAR(static_cast<double>(shown.count()) / static_cast<double>(exact.count()), 1, 0.005) << share;
  }
}

TEST(Histogram, AddsUp) {
  Histogram both;
  Histogram low;
  Histogram high;
  for (int i = 0; i < 1'000; ++i) {
    low.add(Time(i));
    high.add(Time(i * 1'000'000));
    both.add(Time(i));
    both.add(Time(i * 1'000'000));
  }
  low.add(high);
  EXPECT_EQ(low.count(), both.count());
  EXPECT_EQ(low.mean(), both.mean());
  EXPECT_EQ(low.quantile(0.75), both.quantile(0.75));
  EXPECT_EQ(low.max(), both.max());
}

}  // namespace
}  // namespace outrigger::simulate
