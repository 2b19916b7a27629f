#include "identity/renewal.h"

#include <gtest/gtest.h>

#include <random>

namespace outrigger::identity {
namespace {

using namespace std::chrono_literals;

TEST(RenewalTime, IsAroundTwoThirdsOfTheLifeAndSpread) {
  const TimePoint from{std::chrono::hours(500'000)};
  std::mt19937_64 random(1);
  for (const std::chrono::seconds life : {10s, 24h + 5min + 0s, 24h * 3'650 + 0s}) {
    std::chrono::duration<double> sum{};
    TimePoint first = TimePoint::max();
    TimePoint last = TimePoint::min();
    for (int i = 0; i < 1'000; ++i) {
      const TimePoint at = renewal_time(from, from + life, random());
      first = std::min(first, at);
      last = std::max(last, at);
      sum += at - from;
    }
    const std::chrono::duration<double> whole = life;
    EXPECT_GE((first - from) / whole, 17.0 / 30 - 0.001);
    EXPECT_LE((last - from) / whole, 23.0 / 30 + 0.001);
    EXPECT_GT((last - first) / whole, 0.19);
    EXPECT_NEAR(sum / 1'000 / whole, 2.0 / 3, 0.01);
  }
}

}  // namespace
}  // namespace outrigger::identity
