#include "operator/repeat_limit.h"

#include <gtest/gtest.h>

namespace outrigger::op {
namespace {

using namespace std::chrono_literals;

TEST(RepeatLimit, PassesEachKeyOnceAMinuteAndCountsTheRest) {
  RepeatLimit limit;
  const RepeatLimit::TimePoint start{1h};
  EXPECT_EQ(limit.pass("a", start), 0u);
  EXPECT_EQ(limit.pass("b", start), 0u);
  for (int i = 1; i <= 5; ++i) EXPECT_EQ(limit.pass("a", start + i * 10s), std::nullopt);
  EXPECT_EQ(limit.pass("a", start + 60s), 5u);
  EXPECT_EQ(limit.pass("a", start + 61s), std::nullopt);
  EXPECT_EQ(limit.pass("b", start + 10min), 0u);
}

TEST(RepeatLimit, TakesTogetherWhatAFloodOfKeysBrings) {
  RepeatLimit limit;
  const RepeatLimit::TimePoint start{1h};
  std::size_t passed = 0;
  for (std::size_t i = 0; i < 10 * RepeatLimit::kMaxKeys; ++i) {
    if (limit.pass(std::to_string(i), start)) ++passed;
  }
  EXPECT_EQ(passed, RepeatLimit::kMaxKeys + 1);
  EXPECT_EQ(limit.pass("late", start + 1s), std::nullopt);
  EXPECT_EQ(limit.pass("later", start + 1min), 0u);
  EXPECT_EQ(limit.pass("later", start + 1min), std::nullopt);
}

}  // namespace
}  // namespace outrigger::op
