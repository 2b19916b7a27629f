#include "uplink/operator_backoff.h"

#include <gtest/gtest.h>

namespace outrigger::uplink {
namespace {

using namespace std::chrono_literals;

/// Tries within that time, where each stream lives for so long.
int tries(std::uint64_t seed, std::chrono::nanoseconds lived, std::chrono::nanoseconds time) {
  OperatorBackoff backoff(seed);
  int count = 0;
  for (std::chrono::nanoseconds at{0}; at < time; ++count) {
    const auto wait = backoff.next(lived, 0s);
    EXPECT_GT(wait, 0ms);
    EXPECT_LE(wait, OperatorBackoff::kMost);
    at += lived + wait;
  }
  return count;
}

TEST(OperatorBackoff, ComesAboutEveryFiveSecondsForAsLongAsTheOperatorIsAway) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    EXPECT_LT(tries(seed, 0s, 1h), 900) << seed;
    EXPECT_GT(tries(seed, 0s, 1h), 600) << seed;
  }
}

TEST(OperatorBackoff, TriesOftenAtFirst) {
  OperatorBackoff backoff(1);
  for (int i = 0, most_ms = 200; i < 5; ++i, most_ms *= 2) EXPECT_LE(backoff.next(0s, 0s).count(), most_ms);
}

TEST(OperatorBackoff, IsNotMadeShorterByStreamsThatEndAtOnce) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) EXPECT_LT(tries(seed, 10ms, 1h), 900) << seed;
}

TEST(OperatorBackoff, BeginsAnewAfterAStreamThatHasLived) {
  OperatorBackoff backoff(1);
  for (int i = 0; i < 20; ++i) backoff.next(0s, 0s);
  EXPECT_LE(backoff.next(10s, 0s), OperatorBackoff::kFirst);
}

TEST(OperatorBackoff, WaitsLongerForAStreamToBeginTheMoreOftenNoneHas) {
  OperatorBackoff backoff(1);
  EXPECT_EQ(backoff.patience(), 15s);
  for (const auto patience : {30s, 60s, 60s}) {
    backoff.next(0s, 0s);
    EXPECT_EQ(backoff.patience(), patience);
  }
  backoff.next(1s, 0s);
  EXPECT_EQ(backoff.patience(), 15s);
}

TEST(OperatorBackoff, BeginsAnewWhenItIsTold) {
  OperatorBackoff backoff(1, 30s);
  std::chrono::milliseconds longest{0};
  for (int i = 0; i < 100; ++i) longest = std::max(longest, backoff.next(0s, 0s));
  EXPECT_GT(longest, 25s);
  EXPECT_LE(longest, 30s);
  backoff.begin_anew();
  EXPECT_EQ(backoff.patience(), 15s);
  EXPECT_LE(backoff.next(0s, 0s), OperatorBackoff::kFirst);
}

TEST(OperatorBackoff, AddsItsJitterToWhatIsAskedFor) {
  OperatorBackoff backoff(1);
  const auto wait = backoff.next(0s, 8s);
  EXPECT_GT(wait, 8s);
  EXPECT_LE(wait, 8s + OperatorBackoff::kFirst);
}

}  // namespace
}  // namespace outrigger::uplink
