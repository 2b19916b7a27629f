#include "feed_propagation.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace bench {
namespace {

using std::chrono::milliseconds;

Clock::time_point at(int ms) { return Clock::time_point(milliseconds(ms)); }
nlohmann::json summed(const Propagation& propagation) { return nlohmann::json::parse(propagation.json()); }

TEST(Propagation, CountsEachWhoHasSeenAStepAndRemovalsApart) {
  Propagation propagation;
  propagation.told({.service = 7, .number = 1, .removal = true}, 2, at(0));
  propagation.told({.service = 7, .number = 2, .removal = false}, 2, at(10));
  propagation.seen(7, 0, 1, at(5));
  propagation.seen(7, 1, 2, at(13));
  EXPECT_EQ(propagation.outstanding(), 2u);
  // One who was told both at once has seen the first no sooner.
  propagation.seen(7, 0, 2, at(30));
  EXPECT_EQ(propagation.outstanding(), 0u);
  const auto sum = summed(propagation);
  EXPECT_EQ(sum["changes"], 2);
  EXPECT_EQ(sum["interested"], 2);
  EXPECT_EQ(sum["unseen"], 0);
  EXPECT_EQ(sum["removals"], nlohmann::json({{"seen", 2}, {"p50_ms", 5.0}, {"p99_ms", 5.0}, {"max_ms", 30.0}}));
  EXPECT_EQ(sum["additions"], nlohmann::json({{"seen", 2}, {"p50_ms", 3.0}, {"p99_ms", 3.0}, {"max_ms", 20.0}}));
}

TEST(Propagation, SaysWhatWasNeverSeen) {
  Propagation propagation;
  propagation.told({.service = 1, .number = 1, .removal = true}, 3, at(0));
  propagation.told({.service = 2, .number = 1, .removal = true}, 0, at(0));
  propagation.seen(1, 0, 1, at(1));
  propagation.seen(2, 0, 1, at(1));
  const auto sum = summed(propagation);
  EXPECT_EQ(sum["unseen"], 1);
  EXPECT_EQ(sum["removals"]["seen"], 1);
  EXPECT_EQ(sum["additions"]["p99_ms"], nullptr);
}

TEST(Propagation, StartsOverWithoutWhatWasToldBefore) {
  Propagation propagation;
  propagation.told({.service = 1, .number = 1, .removal = true}, 1, at(0));
  propagation.start_over();
  propagation.seen(1, 0, 1, at(1));
  EXPECT_EQ(summed(propagation)["removals"]["seen"], 0);
  EXPECT_EQ(propagation.outstanding(), 0u);
}

}  // namespace
}  // namespace bench
