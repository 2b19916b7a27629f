#include "metrics/cells.h"

#include <gtest/gtest.h>

#include <numeric>
#include <thread>

namespace outrigger::metrics {
namespace {

std::uint64_t count(const DurationHistogram::Reading& reading) {
  return std::accumulate(reading.buckets.begin(), reading.buckets.end(), std::uint64_t{0});
}

TEST(Counter, Adds) {
  Counter counter;
  counter.add();
  counter.add(41);
  EXPECT_EQ(counter.value(), 42u);
}

TEST(Gauge, GoesBothWays) {
  Gauge gauge;
  gauge.set(5);
  gauge.add(-7);
  EXPECT_EQ(gauge.value(), -2);
}

TEST(DurationHistogram, PutsEachDurationUnderTheFirstBoundThatIsNotBelowIt) {
  for (std::size_t i = 0; i < kDurationBoundsNs.size(); ++i) {
    DurationHistogram histogram;
    histogram.observe(kDurationBoundsNs[i]);
    histogram.observe(kDurationBoundsNs[i] + 1);
    const auto reading = histogram.read();
    EXPECT_EQ(reading.buckets[i], 1u) << i;
    EXPECT_EQ(reading.buckets[i + 1], 1u) << i;
    EXPECT_EQ(count(reading), 2u) << i;
    EXPECT_EQ(reading.sum_ns, 2 * kDurationBoundsNs[i] + 1) << i;
  }
}

TEST(DurationHistogram, TakesZeroAndTheLongestDuration) {
  DurationHistogram histogram;
  histogram.observe(0);
  histogram.observe(~std::uint64_t{0});
  const auto reading = histogram.read();
  EXPECT_EQ(reading.buckets.front(), 1u);
  EXPECT_EQ(reading.buckets.back(), 1u);
}

TEST(DurationHistogram, ReadingsOfWorkersAddUp) {
  DurationHistogram one, two;
  one.observe(1'000'000);
  two.observe(1'000'000);
  two.observe(3'000'000);
  auto sum = one.read();
  sum += two.read();
  EXPECT_EQ(count(sum), 3u);
  EXPECT_EQ(sum.buckets[3], 2u);
  EXPECT_EQ(sum.sum_ns, 5'000'000u);
}

// What one thread writes, another may read at any moment: it sees no value fall and, in the end, all of them.
TEST(Cells, AreReadWhileTheyAreWritten) {
  constexpr std::uint64_t kTimes = 200'000;
  Counter counter;
  Gauge gauge;
  DurationHistogram histogram;
  std::thread writer([&] {
    for (std::uint64_t i = 0; i < kTimes; ++i) {
      counter.add();
      gauge.add(1);
      histogram.observe(i);
    }
  });
  std::uint64_t last_counter = 0, last_count = 0;
  std::int64_t last_gauge = 0;
  while (last_counter < kTimes || last_count < kTimes || last_gauge < static_cast<std::int64_t>(kTimes)) {
    const std::uint64_t now_counter = counter.value(), now_count = count(histogram.read());
    const std::int64_t now_gauge = gauge.value();
    EXPECT_GE(now_counter, last_counter);
    EXPECT_GE(now_count, last_count);
    EXPECT_GE(now_gauge, last_gauge);
    last_counter = now_counter;
    last_count = now_count;
    last_gauge = now_gauge;
  }
  writer.join();
  EXPECT_EQ(counter.value(), kTimes);
  EXPECT_EQ(count(histogram.read()), kTimes);
  EXPECT_EQ(histogram.read().sum_ns, kTimes * (kTimes - 1) / 2);
}

}  // namespace
}  // namespace outrigger::metrics
