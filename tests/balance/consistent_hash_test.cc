#include "balance/consistent_hash.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "backends.h"

namespace outrigger::balance {
namespace {

std::vector<std::size_t> owners(ConsistentHash& policy, const Backends& backends,
                                const std::vector<std::uint64_t>& keys) {
  std::vector<std::size_t> owners;
  for (const std::uint64_t key : keys) owners.push_back(backends.index_of(policy.pick({.hash = key, .tried = {}})));
  return owners;
}

std::vector<std::uint64_t> some_keys(Random& random, std::size_t count) {
  std::vector<std::uint64_t> keys(count);
  for (auto& key : keys) key = random.next();
  return keys;
}

std::vector<Candidate> without(const Backends& backends, std::size_t index) {
  std::vector<Candidate> others = backends.candidates;
  others.erase(others.begin() + static_cast<std::ptrdiff_t>(index));
  return others;
}

TEST(ConsistentHash, AKeyStaysWhateverTheOrderOfTheSet) {
  Random random(1);
  Backends backends = Backends::alike(50);
  ConsistentHash one, two;
  one.update(backends.candidates);
  const auto keys = some_keys(random, 10'000);
  const auto before = owners(one, backends, keys);
  std::reverse(backends.candidates.begin(), backends.candidates.end());
  two.update(backends.candidates);
  EXPECT_EQ(owners(two, backends, keys), before);
}

TEST(ConsistentHash, RemovingOneMovesLittleBesideItsOwnKeys) {
  for (const std::size_t endpoints : {3u, 10u, 100u, 1'000u}) {
    SCOPED_TRACE(std::to_string(endpoints) + " endpoints");
    Random random(endpoints);
    const Backends backends = Backends::alike(endpoints);
    const auto keys = some_keys(random, 100'000);
    ConsistentHash policy;
    policy.update(backends.candidates);
    const auto before = owners(policy, backends, keys);
    const std::size_t gone = random.below(endpoints);
    policy.update(without(backends, gone));
    const auto after = owners(policy, backends, keys);
    std::size_t moved = 0;
    for (std::size_t i = 0; i < keys.size(); ++i) moved += before[i] != gone && before[i] != after[i] ? 1u : 0u;
    EXPECT_LT(static_cast<double>(moved) / static_cast<double>(keys.size()), 0.03);
  }
}

TEST(ConsistentHash, OneThatIsNotEligibleMovesItsOwnKeysAlone) {
  Random random(1);
  Backends backends = Backends::alike(20);
  const auto keys = some_keys(random, 20'000);
  ConsistentHash policy;
  policy.update(backends.candidates);
  const auto before = owners(policy, backends, keys);
  backends.candidates[7].eligible = false;
  policy.update(backends.candidates);
  const auto meanwhile = owners(policy, backends, keys);
  std::vector<int> took_over(20);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (before[i] != 7) {
      ASSERT_EQ(meanwhile[i], before[i]);
    } else {
      ++took_over[meanwhile[i]];
    }
  }
  // Not all of them by one.
  EXPECT_EQ(took_over[7], 0);
  EXPECT_GE(std::count_if(took_over.begin(), took_over.end(), [](int keys_of_it) { return keys_of_it > 0; }), 15);
  backends.candidates[7].eligible = true;
  policy.update(backends.candidates);
  EXPECT_EQ(owners(policy, backends, keys), before);
}

TEST(ConsistentHash, HoweverLightEachHasAPlace) {
  Backends backends({1'000, 1'000, 1});
  ConsistentHash policy;
  policy.update(backends.candidates);
  backends.candidates[0].eligible = backends.candidates[1].eligible = false;
  policy.update(backends.candidates);
  EXPECT_EQ(policy.pick({.hash = 42, .tried = {}}), &backends[2]);
}

TEST(ConsistentHash, KeepsItsBoundHoweverSkewedTheKeys) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    std::vector<std::uint32_t> weights(2 + random.below(30));
    for (auto& weight : weights) weight = static_cast<std::uint32_t>(1 + random.below(10));
    double sum = 0;
    for (const auto weight : weights) sum += weight;
    Backends backends(weights);
    ConsistentHash policy;
    policy.update(backends.candidates);
    const std::uint64_t hot = random.next();
    std::uint64_t in_flight = 0;
    for (int i = 0; i < 3'000; ++i) {
      Backend* const picked =
          policy.pick({.hash = random.below(2) ? hot : random.next(), .tried = {}, .in_flight = in_flight});
      picked->load.begin(Time(0));
      ++in_flight;
      const std::size_t index = backends.index_of(picked);
      const double bound =
          std::max<double>(ConsistentHash::kFreely,
                           std::ceil(ConsistentHash::kBound * static_cast<double>(in_flight) * weights[index] / sum));
      ASSERT_LE(picked->load.in_flight(), bound) << "endpoint " << index << " after " << i;
    }
  }
}

TEST(ConsistentHash, FewRequestsOfOneKeyStayTogether) {
  Backends backends = Backends::alike(10);
  ConsistentHash policy;
  policy.update(backends.candidates);
  Backend* const first = policy.pick({.hash = 42, .tried = {}});
  for (std::uint32_t i = 0; i < ConsistentHash::kFreely; ++i) {
    ASSERT_EQ(policy.pick({.hash = 42, .tried = {}, .in_flight = i}), first);
    first->load.begin(Time(0));
  }
}

TEST(ConsistentHash, LeavesOutWhatWasTriedIfAnotherIsLeft) {
  Backends backends = Backends::alike(3);
  ConsistentHash policy;
  policy.update(backends.candidates);
  std::vector<Backend*> tried;
  for (int i = 0; i < 3; ++i) {
    Backend* const next = policy.pick({.hash = 42, .tried = tried});
    ASSERT_EQ(std::count(tried.begin(), tried.end(), next), 0);
    tried.push_back(next);
  }
  EXPECT_NE(policy.pick({.hash = 42, .tried = tried}), nullptr);
}

TEST(MaglevTable, HasAHundredPlacesAnEndpointUpToItsLimit) {
  EXPECT_EQ(maglev_table_size(1), 1'021u);
  EXPECT_EQ(maglev_table_size(11), 2'039u);
  EXPECT_EQ(maglev_table_size(1'000), 131'071u);
  EXPECT_EQ(maglev_table_size(10'000), 1'048'573u);
  EXPECT_EQ(maglev_table_size(65'536), 1'048'573u);
}

}  // namespace
}  // namespace outrigger::balance
