#include "health/probe.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <random>
#include <set>
#include <vector>

namespace outrigger::health {
namespace {

using namespace std::chrono_literals;

constexpr ProbeRules kRules{.interval = 10s, .unhealthy_threshold = 3, .healthy_threshold = 2};

TEST(Probe, BeginsWell) { EXPECT_TRUE(Probe(10s, 0.5, 0s).well()); }

TEST(Probe, MakesItsFirstCheckWithinTheFirstSecond) {
  EXPECT_EQ(Probe(10s, 0, 100s).due(), 100s);
  EXPECT_EQ(Probe(10s, 0.25, 100s).due(), 100s + 250ms);
  EXPECT_EQ(Probe(1h, 0.75, 100s).due(), 100s + 750ms);
}

TEST(Probe, MakesItsFirstCheckWithinAnIntervalThatIsShorter) { EXPECT_EQ(Probe(100ms, 0.5, 100s).due(), 100s + 50ms); }

TEST(Probe, WaitsAnIntervalGiveOrTakeATenth) {
  Probe probe(10s, 0, 0s);
  probe.take(true, kRules, 0, 100s);
  EXPECT_EQ(probe.due(), 109s);
  probe.take(false, kRules, 0.5, 100s);
  EXPECT_EQ(probe.due(), 110s);
  probe.put_off(10s, 0.75, 100s);
  EXPECT_EQ(probe.due(), 110s + 500ms);
}

TEST(Probe, IsUnwellAfterFailuresInARow) {
  Probe probe(10s, 0, 0s);
  EXPECT_FALSE(probe.take(false, kRules, 0, 1s));
  EXPECT_FALSE(probe.take(false, kRules, 0, 2s));
  EXPECT_TRUE(probe.well());
  EXPECT_TRUE(probe.take(false, kRules, 0, 3s));
  EXPECT_FALSE(probe.well());
  EXPECT_FALSE(probe.take(false, kRules, 0, 4s)) << "it is no change";
}

TEST(Probe, CountsAfreshBehindASuccess) {
  Probe probe(10s, 0, 0s);
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(probe.take(i % 3 == 2, kRules, 0, 1s));
  }
  EXPECT_TRUE(probe.well());
}

TEST(Probe, IsWellAgainAfterSuccessesInARow) {
  Probe probe(10s, 0, 0s);
  for (int i = 0; i < 3; ++i) probe.take(false, kRules, 0, 1s);
  EXPECT_FALSE(probe.take(true, kRules, 0, 2s));
  EXPECT_FALSE(probe.take(false, kRules, 0, 3s));
  EXPECT_FALSE(probe.take(true, kRules, 0, 4s));
  EXPECT_FALSE(probe.well());
  EXPECT_TRUE(probe.take(true, kRules, 0, 5s));
  EXPECT_TRUE(probe.well());
}

TEST(Probe, KeepsWhatItKnowsWhereACheckSaysNothing) {
  Probe probe(10s, 0, 0s);
  probe.take(false, kRules, 0, 1s);
  probe.take(false, kRules, 0, 2s);
  probe.put_off(10s, 0, 3s);
  probe.hurry(10s, 0, 4s);
  EXPECT_TRUE(probe.take(false, kRules, 0, 5s));
}

/// Whatever comes: it is unwell exactly from `unhealthy` failures behind one another on, until `healthy` successes are.
TEST(Probe, IsWhatTheLastResultsInARowSay) {
  for (std::uint32_t seed = 1; seed <= 200; ++seed) {
    std::mt19937 random(seed);
    std::uniform_int_distribution<std::uint32_t> threshold(1, 5);
    const ProbeRules rules{
        .interval = 1s, .unhealthy_threshold = threshold(random), .healthy_threshold = threshold(random)};
    Probe probe(rules.interval, 0, 0s);
    std::deque<bool> results;
    bool well = true;
    const auto last_are = [&](std::uint32_t count, bool what) {
      return results.size() >= count &&
             std::all_of(results.end() - std::int64_t{count}, results.end(), [&](bool one) { return one == what; });
    };
    for (int i = 0; i < 300; ++i) {
      results.push_back(random() % 3 != 0);
      const bool was = well;
      if (well && last_are(rules.unhealthy_threshold, false)) {
        well = false;
      } else if (!well && last_are(rules.healthy_threshold, true)) {
        well = true;
      }
      ASSERT_EQ(probe.take(results.back(), rules, 0, 0s), was != well) << "seed " << seed << ", check " << i;
      ASSERT_EQ(probe.well(), well) << "seed " << seed << ", check " << i;
    }
  }
}

/// Many endpoints, begun at one moment and checked for long, as one process or many do.
class ManyProbes : public ::testing::Test {
 protected:
  static constexpr std::size_t kProbes = 1'000;

  /// How many checks begin in each 100 ms.
  std::vector<std::size_t> run(Time interval, Time until) {
    std::mt19937_64 random(seed_);
    std::uniform_real_distribution<double> jitter(0, 1);
    std::vector<std::size_t> begun(static_cast<std::size_t>(until / Time(100ms)));
    std::multiset<std::pair<Time, std::size_t>> due;
    std::vector<Probe> probes;
    for (std::size_t i = 0; i < kProbes; ++i) {
      probes.emplace_back(interval, jitter(random), 0s);
      due.emplace(probes[i].due(), i);
    }
    while (due.begin()->first < until) {
      const auto [now, i] = due.extract(due.begin()).value();
      ++begun[static_cast<std::size_t>(now / Time(100ms))];
      probes[i].take(true, {.interval = interval, .unhealthy_threshold = 3, .healthy_threshold = 2}, jitter(random),
                     now);
      EXPECT_GE(probes[i].due() - now, interval * 9 / 10) << "seed " << seed_;
      EXPECT_LE(probes[i].due() - now, interval * 11 / 10) << "seed " << seed_;
      due.emplace(probes[i].due(), i);
    }
    return begun;
  }

  std::uint64_t seed_ = 7;
};

TEST_F(ManyProbes, NeverBeginTogether) {
  const auto begun = run(10s, 600s);
  // The first second has all of them; spread evenly, each tenth of it would have 100.
  for (std::size_t i = 0; i < 10; ++i) EXPECT_LT(begun[i], 160u) << "seed " << seed_ << ", tenth " << i;
  // The jitters add up: what was one second wide is as wide as the interval in the end.
  for (std::size_t i = 5'000; i < begun.size(); ++i) {
    EXPECT_LT(begun[i], 40u) << "seed " << seed_ << ", tenth " << i << ": evenly, it would have 10";
  }
}

TEST_F(ManyProbes, CheckOnceAnInterval) {
  const auto begun = run(1s, 100s);
  std::size_t sum = 0;
  for (const std::size_t one : begun) sum += one;
  EXPECT_NEAR(static_cast<double>(sum), 100.0 * kProbes, 2.0 * kProbes) << "seed " << seed_;
}

TEST(Use, IsNoneAtFirst) {
  Use use;
  EXPECT_FALSE(use.look(0));
  EXPECT_FALSE(use.in_use(10s, 60s, 0s));
}

TEST(Use, IsNewWhereTheCountIsAnother) {
  Use use;
  EXPECT_TRUE(use.look(1));
  EXPECT_FALSE(use.look(1));
  EXPECT_TRUE(use.look(5));
}

TEST(Use, LastsTenIntervals) {
  Use use;
  use.renew(1'000s);
  EXPECT_TRUE(use.in_use(10s, 60s, 1'000s));
  EXPECT_TRUE(use.in_use(10s, 60s, 1'099s));
  EXPECT_FALSE(use.in_use(10s, 60s, 1'100s));
  use.renew(1'200s);
  EXPECT_TRUE(use.in_use(10s, 60s, 1'299s));
}

TEST(Use, LastsAMinuteWhereIntervalsAreShort) {
  Use use;
  use.renew(1'000s);
  EXPECT_TRUE(use.in_use(100ms, 60s, 1'059s));
  EXPECT_FALSE(use.in_use(100ms, 60s, 1'060s));
}

}  // namespace
}  // namespace outrigger::health
