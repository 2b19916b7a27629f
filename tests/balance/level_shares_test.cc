#include "balance/level_shares.h"

#include <gtest/gtest.h>

#include <numeric>

#include "balance/random.h"
#include "balance/slow_start.h"

namespace outrigger::balance {
namespace {

using namespace std::chrono_literals;
using Parts = std::vector<double>;

Parts shares(const Parts& capacities, bool strict = false) { return tier_shares(capacities, strict); }

TEST(CapacityOf, IsWholeUntilTooMuchIsLost) {
  EXPECT_EQ(capacity_of(0, 0), 0);
  EXPECT_EQ(capacity_of(0, 5), 0);
  EXPECT_EQ(capacity_of(5, 7), 1);
  EXPECT_DOUBLE_EQ(capacity_of(1, 2), 0.7);
  EXPECT_EQ(capacity_of(3, 3), 1);
}

TEST(TierShares, EachTakesWhatThoseBeforeItLeave) {
  EXPECT_EQ(shares({1, 1}), (Parts{1, 0}));
  EXPECT_EQ(shares({0.75, 1}), (Parts{0.75, 0.25}));
  EXPECT_EQ(shares({0.5, 0.25, 1}), (Parts{0.5, 0.25, 0.25}));
  EXPECT_EQ(shares({0, 0.5, 0, 1}), (Parts{0, 0.5, 0, 0.5}));
}

TEST(TierShares, InProportionWhereAllTogetherAreTooFew) {
  EXPECT_EQ(shares({0.5}), (Parts{1}));
  EXPECT_EQ(shares({0.25, 0.25}), (Parts{0.5, 0.5}));
  EXPECT_EQ(shares({0, 0}), (Parts{0, 0}));
  EXPECT_EQ(shares({}), Parts{});
}

TEST(TierShares, StrictlyTheFirstThatHasAny) {
  EXPECT_EQ(shares({0.25, 1}, true), (Parts{1, 0}));
  EXPECT_EQ(shares({0, 0.25}, true), (Parts{0, 1}));
  EXPECT_EQ(shares({0, 0}, true), (Parts{0, 0}));
}

TEST(TierShares, AreAllOfTheLoadAndNoMoreThanATierCanCarryUnlessAllAreTooFew) {
  for (std::uint64_t seed = 1; seed <= 2'000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    Parts capacities(1 + random.below(6));
    for (double& capacity : capacities) capacity = random.below(3) == 0 ? 0 : random.unit();
    const double all = std::accumulate(capacities.begin(), capacities.end(), 0.0);
    const Parts given = shares(capacities);
    ASSERT_NEAR(std::accumulate(given.begin(), given.end(), 0.0), all > 0 ? 1 : 0, 1e-9);
    for (std::size_t i = 0; i < given.size(); ++i) {
      ASSERT_LE(given[i], all >= 1 ? capacities[i] + 1e-9 : 1) << i;
      ASSERT_TRUE(capacities[i] > 0 || given[i] == 0) << i;
    }
  }
}

TEST(LocalShare, IsAllWhereTheZoneHasItsPart) {
  EXPECT_EQ(local_share(2, 4, 4, 2), 1);
  EXPECT_EQ(local_share(0, 4, 4, 2), 0);
  EXPECT_EQ(local_share(4, 4, 8, 2), 1) << "nothing is left elsewhere";
  EXPECT_DOUBLE_EQ(local_share(1, 4, 4, 2), 0.7);
  EXPECT_DOUBLE_EQ(local_share(2, 10, 12, 3), 0.7);
}

TEST(TierCapacities, FallAtOnceAndRiseWhenTheyCouldHaveForLongEnough) {
  TierCapacities tiers;
  EXPECT_EQ(tiers.update(0, 1, 30s, true, 0s), 1);
  EXPECT_EQ(tiers.update(0, 0.5, 30s, false, 1s), 0.5);
  EXPECT_EQ(tiers.next_rise(), std::nullopt);
  EXPECT_EQ(tiers.update(0, 1, 30s, false, 2s), 0.5);
  EXPECT_EQ(tiers.next_rise(), Time(32s));
  EXPECT_EQ(tiers.update(0, 0.8, 30s, false, 20s), 0.5) << "it fell while it waited";
  EXPECT_EQ(tiers.next_rise(), Time(50s));
  EXPECT_EQ(tiers.update(0, 0.8, 30s, false, 50s), 0.8);
  EXPECT_EQ(tiers.update(0, 1, 30s, true, 51s), 1);
  tiers.keep_only({});
  EXPECT_EQ(tiers.update(0, 1, 30s, false, 60s), 0) << "one that comes anew starts from nothing";
}

TEST(SlowStart, GoesFromATenthToAllInSteps) {
  EXPECT_EQ(slow_start_percent(0s, 20s), 10u);
  EXPECT_EQ(slow_start_percent(999ms, 20s), 10u);
  EXPECT_EQ(slow_start_percent(10s, 20s), 55u);
  EXPECT_EQ(slow_start_percent(20s, 20s), 100u);
  EXPECT_EQ(slow_start_percent(1h, 20s), 100u);
  EXPECT_EQ(next_slow_start_step(0s, 20s), Time(1s));
  EXPECT_EQ(next_slow_start_step(1s, 20s), Time(2s));
  for (const Time duration : {Time(1ms), Time(333), Time(7s)}) {
    Time age{0};
    for (int step = 1; step <= 20; ++step) {
      const std::uint32_t before = slow_start_percent(age, duration);
      age = next_slow_start_step(age, duration);
      ASSERT_GT(slow_start_percent(age, duration), before);
    }
  }
}

}  // namespace
}  // namespace outrigger::balance
