#include "sidecar/round_pacing.h"

#include <gtest/gtest.h>

namespace outrigger::sidecar {
namespace {

using net::Clock;
using std::chrono::microseconds;
using std::chrono::milliseconds;

class Pacing : public ::testing::Test {
 protected:
  /// `count` streams begin, one each `apart`; as many end if `over`.
  void streams(std::size_t count, Clock::duration apart, bool over = true) {
    for (std::size_t i = 0; i < count; ++i) {
      pacing_.stream_began(now_);
      now_ += apart;
      if (over) pacing_.stream_ended();
    }
  }
  bool rests() const { return pacing_.should_rest(now_); }

  RoundPacing pacing_;
  Clock::time_point now_ = Clock::now();
};

TEST_F(Pacing, RestsWhereManyStreamsAreUnderWayAndManyRequestsCome) {
  EXPECT_FALSE(rests());
  streams(RoundPacing::kManyStreams, milliseconds(10), false);
  EXPECT_FALSE(rests());
  streams(200, microseconds(20));
  EXPECT_TRUE(rests());
}

TEST_F(Pacing, DoesNotRestForFewStreamsHoweverManyRequestsCome) {
  streams(RoundPacing::kManyStreams - 1, milliseconds(10), false);
  streams(100'000, microseconds(1));
  EXPECT_FALSE(rests());
}

TEST_F(Pacing, DoesNotRestForFewRequestsHoweverManyStreamsAreUnderWay) {
  streams(10'000, microseconds(100), false);
  EXPECT_FALSE(rests());
}

TEST_F(Pacing, EndsWithTheRush) {
  streams(RoundPacing::kManyStreams, milliseconds(10), false);
  streams(1000, microseconds(10));
  EXPECT_TRUE(rests());
  now_ += milliseconds(2);
  EXPECT_FALSE(rests()) << "nothing came for 2 ms";
  now_ += milliseconds(20);
  streams(1, microseconds(1));
  EXPECT_FALSE(rests()) << "one came";
}

}  // namespace
}  // namespace outrigger::sidecar
