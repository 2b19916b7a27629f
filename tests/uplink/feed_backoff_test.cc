#include "uplink/feed_backoff.h"

#include <gtest/gtest.h>

namespace outrigger::uplink {
namespace {

using namespace std::chrono_literals;

/// Tries within that time, where each stream lives for so long.
int tries(std::uint64_t seed, std::chrono::nanoseconds lived, std::chrono::nanoseconds time) {
  FeedBackoff backoff(seed);
  int count = 0;
  for (std::chrono::nanoseconds at{0}; at < time; ++count) {
    const auto wait = backoff.next(lived, 0s);
    EXPECT_GT(wait, 0ms);
    EXPECT_LE(wait, FeedBackoff::kMost);
    at += lived + wait;
  }
  return count;
}

TEST(FeedBackoff, ComesAboutEveryFiveSecondsForAsLongAsTheOperatorIsAway) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    EXPECT_LT(tries(seed, 0s, 1h), 900) << seed;
    EXPECT_GT(tries(seed, 0s, 1h), 600) << seed;
  }
}

TEST(FeedBackoff, TriesOftenAtFirst) {
  FeedBackoff backoff(1);
  for (int i = 0, most_ms = 200; i < 5; ++i, most_ms *= 2) EXPECT_LE(backoff.next(0s, 0s).count(), most_ms);
}

TEST(FeedBackoff, IsNotMadeShorterByStreamsThatEndAtOnce) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) EXPECT_LT(tries(seed, 10ms, 1h), 900) << seed;
}

TEST(FeedBackoff, BeginsAnewAfterAStreamThatHasLived) {
  FeedBackoff backoff(1);
  for (int i = 0; i < 20; ++i) backoff.next(0s, 0s);
  EXPECT_LE(backoff.next(10s, 0s), FeedBackoff::kFirst);
}

TEST(FeedBackoff, WaitsLongerForAStreamToBeginTheMoreOftenNoneHas) {
  FeedBackoff backoff(1);
  EXPECT_EQ(backoff.patience(), 15s);
  for (const auto patience : {30s, 60s, 60s}) {
    backoff.next(0s, 0s);
    EXPECT_EQ(backoff.patience(), patience);
  }
  backoff.next(1s, 0s);
  EXPECT_EQ(backoff.patience(), 15s);
}

TEST(FeedBackoff, AddsItsJitterToWhatIsAskedFor) {
  FeedBackoff backoff(1);
  const auto wait = backoff.next(0s, 8s);
  EXPECT_GT(wait, 8s);
  EXPECT_LE(wait, 8s + FeedBackoff::kFirst);
}

}  // namespace
}  // namespace outrigger::uplink
