#include "balance/policy.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <numeric>

#include "backends.h"

namespace outrigger::balance {
namespace {

using model::PolicyKind;

constexpr std::array kAll = {PolicyKind::round_robin,       PolicyKind::weighted_round_robin,
                             PolicyKind::least_connections, PolicyKind::weighted_least_connections,
                             PolicyKind::response_time,     PolicyKind::random,
                             PolicyKind::consistent_hash};

bool honours_weights(PolicyKind kind) {
  return kind != PolicyKind::round_robin && kind != PolicyKind::least_connections;
}

/// Of few endpoints, which are all compared, and of many, of which two are.
class EveryPolicy : public testing::TestWithParam<PolicyKind> {};

TEST_P(EveryPolicy, SharesIdleTrafficByWeightInTheLongRun) {
  constexpr int kPicks = 200'000;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    Random random(seed);
    std::vector<std::uint32_t> weights(1 + random.below(seed % 2 == 0 ? 16 : 60));
    for (auto& weight : weights) weight = static_cast<std::uint32_t>(1 + random.below(100));
    SCOPED_TRACE("seed " + std::to_string(seed) + ", " + testing::PrintToString(weights));
    const Backends backends(weights);
    const auto policy = make_policy(GetParam(), random);
    policy->update(backends.candidates);
    const auto counts = backends.idle_picks(*policy, kPicks, random);
    if (!honours_weights(GetParam())) std::fill(weights.begin(), weights.end(), 1);
    const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
    for (std::size_t i = 0; i < weights.size(); ++i) {
      const double share = weights[i] / sum;
      // Five standard deviations; a table's parts are off by up to a hundredth of the average beside that.
      const double tolerance =
          5 * std::sqrt(kPicks * share) +
          (GetParam() == PolicyKind::consistent_hash ? 0.01 * kPicks / static_cast<double>(weights.size()) : 1);
      ASSERT_NEAR(counts[i], kPicks * share, tolerance) << "endpoint " << i;
    }
  }
}

TEST_P(EveryPolicy, GoesOnWithThoseThatStayAndNeverPicksOneThatIsNotEligible) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    Backends backends = Backends::alike(40);
    const auto policy = make_policy(GetParam(), random);
    for (int change = 0; change < 50; ++change) {
      std::vector<Candidate> some;
      for (Candidate candidate : backends.candidates) {
        candidate.weight = static_cast<std::uint32_t>(1 + random.below(3));
        candidate.eligible = random.below(3) != 0;
        if (random.below(3) != 0) some.push_back(candidate);
      }
      some.push_back(backends.candidates[random.below(40)]);  // at least one
      for (std::size_t i = 0; i + 1 < some.size(); ++i) {
        if (some[i].backend == some.back().backend) some.erase(some.begin() + static_cast<std::ptrdiff_t>(i));
      }
      policy->update(some);
      for (int i = 0; i < 20; ++i) {
        const Backend* const picked = policy->pick({.hash = random.next(), .tried = {}});
        ASSERT_TRUE(std::any_of(some.begin(), some.end(), [&](const Candidate& candidate) {
          return candidate.backend == picked && candidate.eligible;
        }));
      }
    }
  }
}

TEST_P(EveryPolicy, StartsElsewhereForOtherSeedsAndAlikeForOne) {
  const Backends backends = Backends::alike(10);
  const auto beginning = [&](std::uint64_t seed) {
    Random random(seed);
    const auto policy = make_policy(GetParam(), random);
    policy->update(backends.candidates);
    std::vector<std::size_t> picked;
    for (int i = 0; i < 10; ++i)
      picked.push_back(backends.index_of(policy->pick({.hash = random.next(), .tried = {}})));
    return picked;
  };
  std::vector<std::uint32_t> first(10);
  for (std::uint64_t seed = 1; seed <= 1'000; ++seed) {
    ASSERT_EQ(beginning(seed), beginning(seed)) << "seed " << seed;
    ++first[beginning(seed).front()];
  }
  for (const std::uint32_t times : first) EXPECT_NEAR(times, 100, 50);  // five standard deviations
}

INSTANTIATE_TEST_SUITE_P(, EveryPolicy, testing::ValuesIn(kAll),
                         [](const auto& test) { return "Kind" + std::to_string(static_cast<int>(test.param)); });

TEST(MakePolicyDeathTest, RefusesNoEndpoints) {
  for (const PolicyKind kind : kAll) {
    Random random(1);
    EXPECT_DEATH(make_policy(kind, random)->update({}), "CHECK failed");
  }
}

}  // namespace
}  // namespace outrigger::balance
