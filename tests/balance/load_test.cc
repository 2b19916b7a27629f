#include "balance/load.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "balance/random.h"

namespace outrigger::balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Time kUsual = milliseconds(2);
constexpr Time kSlow = milliseconds(200);
constexpr double kUsualNs = 2e6;

/// An answer that comes at once after the one before, to a request that was sent after that.
void answer(Load& load, Time latency, Time now = Time(0)) { load.observe(now, latency, {.now = now, .requests = 0}); }

Load usual() {
  Load load;
  answer(load, kUsual);
  return load;
}

TEST(Load, KnowsNothingAtFirstAndThenWhatTheFirstAnswerTook) {
  Load load;
  EXPECT_EQ(load.expected_ns({}), 0);
  answer(load, kUsual);
  EXPECT_EQ(load.average(), kUsual);
  load.forget();
  EXPECT_EQ(load.expected_ns({}), 0);
}

TEST(Load, OneSlowAnswerRaisesItALittleAndManyRaiseItAllTheWay) {
  Load load = usual();
  answer(load, kSlow, Time(1));
  EXPECT_NEAR(load.expected_ns({.now = Time(1)}), kUsualNs * Load::kMostByOne, 1);
  for (int i = 2; i < 60; ++i) answer(load, kSlow, Time(i));
  EXPECT_NEAR(load.expected_ns({.now = Time(60)}), 200e6, 2e6);
}

TEST(Load, AnAnswerThatIsALittleSlowerRaisesItToThat) {
  Load load = usual();
  answer(load, kUsual * 6 / 5, Time(1));
  EXPECT_NEAR(load.expected_ns({.now = Time(1)}), 2.4e6, 1);
}

TEST(Load, WhatWaitedAtOneTimeTellsOfOneDelay) {
  Load load = usual();
  const Time start = milliseconds(10);
  const Time end = start + kSlow;
  for (int i = 0; i < 100; ++i) load.observe(start, kSlow, {.now = end + Time(i)});
  EXPECT_NEAR(load.expected_ns({.now = end}), kUsualNs * Load::kMostByDelay, 0.1 * kUsualNs);
  // What was sent after that tells of another.
  for (int i = 0; i < 100; ++i) load.observe(end + Time(i), kSlow, {.now = end + kSlow});
  EXPECT_NEAR(load.expected_ns({.now = end + kSlow}), kUsualNs * Load::kMostByDelay * Load::kMostByDelay,
              0.5 * kUsualNs);
}

TEST(Load, AnAnswerAfterALongTimeIsBelieved) {
  Load load = usual();
  answer(load, kSlow, seconds(100));
  EXPECT_NEAR(load.expected_ns({.now = seconds(100)}), 200e6, 1e6);
}

TEST(Load, FadesWithTimeAndWithRequestsAndNotByQuickAnswersAlone) {
  Load load;
  answer(load, kSlow);
  EXPECT_NEAR(load.expected_ns({.now = Load::kMemory}), 200e6 / std::exp(1), 1);
  EXPECT_NEAR(load.expected_ns({.now = Time(0), .requests = 5'000}), 200e6 / std::exp(1), 1);
  for (int i = 0; i < 100; ++i) answer(load, kUsual);
  EXPECT_NEAR(load.expected_ns({}), 200e6, 1);
}

TEST(Load, WhoGivesUpTellsThatItTakesSoLongAtLeast) {
  Load load = usual();
  for (int i = 1; i < 100; ++i) load.give_up(seconds(i), {.now = seconds(i) + kSlow});
  EXPECT_EQ(load.average(), kSlow);
  load.give_up(seconds(100), {.now = seconds(100) + kUsual});
  EXPECT_EQ(load.average(), kSlow);
  // The average has faded, and to have waited as long as before says that it is as slow as before.
  load.give_up(seconds(200), {.now = seconds(200) + kSlow});
  EXPECT_NEAR(load.expected_ns({.now = seconds(200) + kSlow}), 200e6, 1);
}

/// Requests begin, are answered and end at random, beside a list of those that wait.
TEST(Load, RequestsWithoutAnswerCountByAQuarterOfTheirMeanAgeIfThatIsMore) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    Load load = usual();
    std::vector<Time> waiting;
    Time now{0};
    for (int step = 0; step < 1'000; ++step) {
      now += Time(static_cast<Time::rep>(random.below(5'000'000)));
      if (random.below(2) == 0) {
        load.begin(now);
        waiting.push_back(now);
      } else if (!waiting.empty()) {
        std::swap(waiting[random.below(waiting.size())], waiting.back());
        load.stop_waiting(waiting.back());
        load.end();
        waiting.pop_back();
      }
      double ages = 0;
      for (const Time started : waiting) ages += static_cast<double>((now - started).count());
      const double mean_age = waiting.empty() ? 0 : ages / static_cast<double>(waiting.size());
      const double faded = kUsualNs * std::exp(-static_cast<double>(now.count()) / 1e10);
      ASSERT_NEAR(load.expected_ns({.now = now}), std::max(faded, mean_age / 4), 1);
      ASSERT_EQ(load.in_flight(), waiting.size());
    }
  }
}

}  // namespace
}  // namespace outrigger::balance
