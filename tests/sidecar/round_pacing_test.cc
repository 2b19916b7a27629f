#include "sidecar/round_pacing.h"

#include <gtest/gtest.h>

namespace outrigger::sidecar {
namespace {

using net::Clock;
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;

class Pacing : public ::testing::Test {
 protected:
  /// `count` requests end, one each `apart`, each of which took `took`.
  void requests(std::size_t count, Clock::duration apart, Clock::duration took) {
    for (std::size_t i = 0; i < count; ++i) {
      now_ += apart;
      pacing_.request_ended(took, now_);
    }
  }
  microseconds rest() const { return pacing_.rest(now_); }

  RoundPacing pacing_;
  Clock::time_point now_ = Clock::now();
};

TEST_F(Pacing, RestsAShareOfWhatRequestsTake) {
  EXPECT_EQ(rest(), microseconds(0)) << "before the first";
  requests(100, microseconds(20), microseconds(800));
  EXPECT_EQ(rest(), microseconds(800) / RoundPacing::kShare);
  requests(100, microseconds(20), microseconds(1600));
  EXPECT_EQ(rest(), microseconds(1600) / RoundPacing::kShare);
}

TEST_F(Pacing, RestsNoLongerThanAllowedHoweverLongRequestsTake) {
  requests(100, microseconds(20), milliseconds(50));
  EXPECT_EQ(rest(), RoundPacing::kLongestRest);
}

TEST_F(Pacing, DoesNotRestForQuickRequestsHoweverManyEnd) {
  requests(100'000, microseconds(1), RoundPacing::kShare * RoundPacing::kShortestRest - microseconds(1));
  EXPECT_EQ(rest(), microseconds(0));
}

TEST_F(Pacing, DoesNotRestForFewRequestsHoweverLongTheyTake) {
  requests(10'000, microseconds(1000) / RoundPacing::kManyRequests + microseconds(1), milliseconds(50));
  EXPECT_EQ(rest(), microseconds(0));
}

TEST_F(Pacing, OneThatTookForEverSaysLittleOfTheOthers) {
  requests(200, microseconds(10), microseconds(480));
  EXPECT_EQ(rest(), microseconds(60));
  requests(1, microseconds(10), hours(1));
  requests(150, microseconds(10), microseconds(480));
  EXPECT_GE(rest(), microseconds(60));
  EXPECT_LE(rest(), microseconds(64));
}

TEST_F(Pacing, EndsWithTheRush) {
  requests(1000, microseconds(10), milliseconds(50));
  EXPECT_GT(rest(), microseconds(0));
  now_ += milliseconds(2);
  EXPECT_EQ(rest(), microseconds(0)) << "nothing ended for 2 ms";
  now_ += milliseconds(20);
  requests(1, microseconds(1), milliseconds(50));
  EXPECT_EQ(rest(), microseconds(0)) << "one ended";
}

}  // namespace
}  // namespace outrigger::sidecar
