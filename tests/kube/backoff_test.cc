#include "kube/backoff.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace outrigger::kube {
namespace {

using namespace std::chrono_literals;

TEST(Backoff, DoublesFromFirstToMaxWithinHalfOfEach) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Backoff backoff(800ms, 30s, seed);
    for (const auto nominal : {800ms, 1600ms, 3200ms, 6400ms, 12800ms, 25600ms, 30000ms, 30000ms}) {
      const auto wait = backoff.next();
      ASSERT_GE(wait, nominal / 2);
      ASSERT_LE(wait, nominal * 3 / 2);
    }
    backoff.reset();
    ASSERT_LE(backoff.next(), 1200ms);
  }
}

TEST(Backoff, DiffersFromSeedToSeedAndRepeatsWithOne) {
  std::set<std::chrono::milliseconds> waits;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) waits.insert(Backoff(800ms, 30s, seed).next());
  EXPECT_GT(waits.size(), 10u);
  EXPECT_EQ(Backoff(800ms, 30s, 7).next(), Backoff(800ms, 30s, 7).next());
}

TEST(Backoff, WaitsAtLeastAsLongAsAskedFor) {
  Backoff backoff(800ms, 30s, 1);
  EXPECT_EQ(backoff.next(7s), 7s);
  EXPECT_GE(backoff.next(10ms), 800ms);
}

}  // namespace
}  // namespace outrigger::kube
