#include "balance/cluster.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

namespace outrigger::balance {
namespace {

using model::Endpoint;
using model::PolicyKind;
using model::ServiceOptions;

Endpoint at(std::string address, std::uint32_t weight = 1, std::uint32_t tier = 0, bool draining = false) {
  return {.address = std::move(address), .weight = weight, .tier = tier, .zone = {}, .pod = {}, .draining = draining};
}

/// Counts how many of its kind live.
struct Token final : Attachment {
  explicit Token(int& count) : alive(count) { ++alive; }
  ~Token() override { --alive; }
  Token(const Token&) = delete;
  Token& operator=(const Token&) = delete;
  int& alive;
};

class ClusterTest : public testing::Test {
 protected:
  void update(std::vector<Endpoint> endpoints, const ServiceOptions& options = kByWeight) {
    cluster.update(options, endpoints, now);
  }
  Call pick(std::span<Backend* const> tried = {}) { return cluster.pick({.now = now, .tried = tried}); }
  /// Picks and finishes at once.
  std::string next(std::span<Backend* const> tried = {}) {
    Call call = pick(tried);
    if (call.backend == nullptr) return "none";
    const std::string address = call.backend->endpoint.address;
    cluster.finish(call, Verdict::good, now);
    return address;
  }
  std::map<std::string, int> shares(int picks) {
    std::map<std::string, int> counts;
    for (int i = 0; i < picks; ++i) ++counts[next()];
    return counts;
  }
  Backend& backend(std::string_view address) {
    const auto backends = cluster.backends();
    return **std::find_if(backends.begin(), backends.end(),
                          [&](auto* one) { return one->endpoint.address == address; });
  }

  static inline const ServiceOptions kByWeight{.policy = PolicyKind::weighted_round_robin};
  int alive = 0;  // outlives the cluster, whose tokens count in it
  Time now{0};
  Random random{1};
  Cluster cluster{random};
};

using Shares = std::map<std::string, int>;

TEST_F(ClusterTest, WithoutEndpointsPicksNone) {
  EXPECT_EQ(pick().backend, nullptr);
  update({at("a")});
  update({});
  EXPECT_EQ(pick().backend, nullptr);
  EXPECT_TRUE(cluster.backends().empty());
}

TEST_F(ClusterTest, SharesByWeightAndCountsInFlight) {
  update({at("a", 5), at("b", 3), at("c", 1)});
  std::vector<Call> open;
  for (int i = 0; i < 9; ++i) open.push_back(pick());
  EXPECT_EQ(backend("a").load.in_flight(), 5u);
  EXPECT_EQ(backend("b").load.in_flight(), 3u);
  EXPECT_EQ(backend("c").load.in_flight(), 1u);
  for (Call& one : open) cluster.finish(one, Verdict::good, now);
  EXPECT_EQ(backend("a").load.in_flight(), 0u);
}

TEST_F(ClusterTest, RoundRobinIgnoresWeights) {
  update({at("a", 5), at("b", 3), at("c", 1)}, {.policy = PolicyKind::round_robin});
  EXPECT_EQ(shares(9), (Shares{{"a", 3}, {"b", 3}, {"c", 3}}));
}

TEST_F(ClusterTest, TheLowestTierTakesAll) {
  update({at("a", 1, 2), at("b", 1, 1), at("c", 1, 1), at("d", 1, 3)});
  EXPECT_EQ(shares(10), (Shares{{"b", 5}, {"c", 5}}));
}

TEST_F(ClusterTest, DrainingEndpointsServeOnlyWhenNothingElseIsLeft) {
  update({at("a", 1, 0, true), at("b", 1, 3), at("c", 1, 1, true)});
  EXPECT_EQ(shares(4), (Shares{{"b", 4}}));
  update({at("a", 1, 0, true), at("c", 1, 1, true)});
  EXPECT_EQ(shares(4), (Shares{{"a", 2}, {"c", 2}}));
}

TEST_F(ClusterTest, KeepsTheTurnOverUpdatesThatDoNotConcernIt) {
  const std::vector<Endpoint> set = {at("a", 5), at("b", 3), at("c", 1)};
  update(set);
  Shares counts;
  for (int i = 0; i < 9; ++i) {
    ++counts[next()];
    auto changed = set;
    changed[0].zone = "z" + std::to_string(i);
    changed.push_back(at("standby" + std::to_string(i), 7, 1));
    changed.push_back(at("leaving" + std::to_string(i), 7, 0, true));
    update(changed, {.policy = PolicyKind::weighted_round_robin, .timeout = std::chrono::milliseconds(i)});
  }
  EXPECT_EQ(counts, (Shares{{"a", 5}, {"b", 3}, {"c", 1}}));
  EXPECT_EQ(backend("a").endpoint.zone, "z8");
  EXPECT_EQ(cluster.options().timeout.count(), 8);
}

TEST_F(ClusterTest, NewWeightsPolicyTiersAndDrainingCountFromTheNextPick) {
  update({at("a", 5), at("b", 3)});
  update({at("a", 1), at("b", 3)});
  EXPECT_EQ(shares(4), (Shares{{"a", 1}, {"b", 3}}));
  update({at("a", 1), at("b", 3)}, {.policy = PolicyKind::round_robin});
  EXPECT_EQ(shares(4), (Shares{{"a", 2}, {"b", 2}}));
  update({at("a", 1), at("b", 3, 1)});
  EXPECT_EQ(shares(4), (Shares{{"a", 4}}));
  update({at("a", 1, 0, true), at("b", 3, 1)});
  EXPECT_EQ(shares(4), (Shares{{"b", 4}}));
}

TEST_F(ClusterTest, AnEndpointThatStaysKeepsItsObjectAndAttachment) {
  update({at("a"), at("b")});
  Backend* const before = &backend("b");
  before->attachment = std::make_unique<Token>(alive);
  update({at("b", 9), at("c")});
  EXPECT_EQ(&backend("b"), before);
  EXPECT_EQ(backend("b").endpoint.weight, 9u);
  EXPECT_EQ(alive, 1);
  update({at("c")});
  EXPECT_EQ(alive, 0);
}

TEST_F(ClusterTest, ARemovedEndpointFinishesWhatItHasAndIsNotPicked) {
  update({at("a")});
  Call one = pick(), two = pick();
  Backend* const first = one.backend;
  ASSERT_EQ(two.backend, first);
  first->attachment = std::make_unique<Token>(alive);
  update({at("b")});
  EXPECT_FALSE(first->in_set);
  EXPECT_EQ(shares(10), (Shares{{"b", 10}}));
  EXPECT_EQ(cluster.finish(one, Verdict::good, now), first);
  EXPECT_EQ(alive, 1);
  EXPECT_EQ(cluster.finish(two, Verdict::good, now), nullptr);
  EXPECT_EQ(alive, 0);
}

TEST_F(ClusterTest, AnEndpointThatReturnsBeforeItsRequestsEndIsTheSame) {
  update({at("a")});
  Call call = pick();
  Backend* const open = call.backend;
  open->attachment = std::make_unique<Token>(alive);
  update({});
  update({at("a")});
  EXPECT_EQ(&backend("a"), open);
  EXPECT_TRUE(open->in_set);
  EXPECT_EQ(open->load.in_flight(), 1u);
  cluster.finish(call, Verdict::good, now);
  EXPECT_EQ(alive, 1);
  EXPECT_EQ(next(), "a");
}

TEST_F(ClusterTest, AnAddressGivenTwiceCountsOnce) {
  update({at("a", 3), at("a", 5), at("b", 1)});
  EXPECT_EQ(cluster.backends().size(), 2u);
  EXPECT_EQ(shares(4), (Shares{{"a", 3}, {"b", 1}}));
}

TEST_F(ClusterTest, ARetryAvoidsWhatWasTriedHoweverHeavy) {
  update({at("heavy", 1'000), at("light", 1), at("standby", 1, 1)});
  Backend* const tried[] = {&backend("heavy")};
  for (int i = 0; i < 3'000; ++i) ASSERT_EQ(next(tried), "light");
}

TEST_F(ClusterTest, ARetrySpreadsByWeightOverWhatIsLeft) {
  update({at("heavy", 1'000), at("b", 3), at("c", 1)});
  Backend* const tried[] = {&backend("heavy")};
  Shares counts;
  for (int i = 0; i < 8'000; ++i) ++counts[next(tried)];
  EXPECT_EQ(counts["heavy"], 0);
  EXPECT_NEAR(counts["b"], 6'000, 200);
  EXPECT_NEAR(counts["c"], 2'000, 200);
}

TEST_F(ClusterTest, ARetryGoesDownTheTiersThenToDrainingAndOnlyThenAround) {
  update({at("a"), at("b", 1, 5), at("c", 1, 2), at("d", 1, 0, true)});
  std::vector<Backend*> tried;
  for (const char* expected : {"a", "c", "b", "d"}) {
    ASSERT_EQ(next(tried), expected);
    tried.push_back(&backend(expected));
  }
  EXPECT_EQ(next(tried), "a");
}

TEST_F(ClusterTest, ARetryThatHasTriedAllLeavesOutTheLast) {
  update({at("heavy", 1'000), at("light", 1, 1)});
  std::vector<Backend*> tried;
  for (const char* expected : {"heavy", "light", "heavy", "light", "heavy"}) {
    ASSERT_EQ(next(tried), expected);
    tried.push_back(&backend(expected));
  }
}

TEST_F(ClusterTest, TriedMayNameWhatHasEnded) {
  update({at("a"), at("b")});
  Backend* const tried[] = {&backend("a"), &backend("a")};
  update({at("b")});
  EXPECT_EQ(next(tried), "b");
}

TEST_F(ClusterTest, PicksTheSameForTheSameSeed) {
  std::vector<std::vector<std::string>> runs;
  for (int run = 0; run < 2; ++run) {
    Random seeded(42);
    Cluster one(seeded);
    one.update(kByWeight, std::vector{at("a", 5), at("b", 3), at("c", 1), at("d", 2)}, now);
    auto& picked = runs.emplace_back();
    for (int i = 0; i < 200; ++i) {
      Backend* const first = one.pick({}).backend;
      Backend* const retry = one.pick({.tried = std::span(&first, 1)}).backend;
      picked.push_back(first->endpoint.address);
      picked.push_back(retry->endpoint.address);
    }
  }
  EXPECT_EQ(runs[0], runs[1]);
}

TEST(ClusterDeathTest, RefusesToFinishWhatIsNotInFlight) {
  Random random(1);
  Cluster cluster(random);
  cluster.update({}, std::vector{at("a")}, Time(0));
  Call call{.backend = cluster.backends()[0]};
  EXPECT_DEATH(cluster.finish(call, Verdict::good, Time(0)), "CHECK failed");
}

/// What a cluster holds, kept by address and with no thought of cost; checks each answer against it.
class ReferenceCluster {
 public:
  explicit ReferenceCluster(std::uint64_t seed) : random_(seed), cluster_random_(seed), cluster_(cluster_random_) {}

  void step() {
    switch (random_.below(8)) {
      case 0: update(); break;
      case 1:
      case 2:
      case 3:
      case 4: pick(); break;
      default: finish(); break;
    }
  }

  void compare() const {
    std::vector<std::string> in_set;
    for (const Backend* backend : cluster_.backends()) {
      in_set.push_back(backend->endpoint.address);
      const Known& known = known_.at(backend->endpoint.address);
      ASSERT_EQ(backend, known.backend);
      ASSERT_TRUE(backend->in_set);
      ASSERT_EQ(backend->endpoint, known.endpoint);
    }
    std::vector<std::string> expected;
    for (const Endpoint& endpoint : set_) expected.push_back(endpoint.address);
    ASSERT_EQ(in_set, expected);
    for (const auto& [address, known] : known_) ASSERT_EQ(known.backend->load.in_flight(), known.in_flight) << address;
    ASSERT_EQ(alive_, static_cast<int>(known_.size()));
  }

  int retries() const { return retries_; }

 private:
  struct Known {
    Endpoint endpoint;
    Backend* backend = nullptr;
    std::uint32_t in_flight = 0;
  };

  void update() {
    set_.clear();
    for (char name = 'a'; name <= 'h'; ++name) {
      if (random_.below(2) == 0) continue;
      set_.push_back(at({name}, static_cast<std::uint32_t>(random_.below(3) * random_.below(300) + 1),
                        static_cast<std::uint32_t>(random_.below(3)), random_.below(3) == 0));
    }
    if (random_.below(4) == 0) std::reverse(set_.begin(), set_.end());
    cluster_.update(
        {.policy = static_cast<PolicyKind>(random_.below(7)), .failback_delay = std::chrono::milliseconds(0)}, set_,
        Time(0));
    std::erase_if(known_, [&](const auto& entry) { return !in_set(entry.first) && entry.second.in_flight == 0; });
    for (Backend* backend : cluster_.backends()) {
      Known& known = known_[backend->endpoint.address];
      if (known.backend == nullptr) backend->attachment = std::make_unique<Token>(alive_);
      known.endpoint = backend->endpoint;
      known.backend = backend;
    }
    for (const Endpoint& endpoint : set_) known_.at(endpoint.address).endpoint = endpoint;
  }

  void pick() {
    std::vector<Backend*> tried;
    for (const auto& [address, known] : known_) {
      if (random_.below(3) == 0) tried.push_back(known.backend);
    }
    if (random_.below(2) == 0) tried.clear();
    const Call call = cluster_.pick({.hash = random_.next(), .tried = tried});
    if (set_.empty()) {
      ASSERT_EQ(call.backend, nullptr);
      return;
    }
    ASSERT_NE(call.backend, nullptr);
    const std::string address = call.backend->endpoint.address;
    ASSERT_TRUE(allowed(tried).contains(address)) << address;
    ++known_.at(address).in_flight;
    open_.emplace_back(address, call);
    retries_ += !tried.empty();
  }

  void finish() {
    if (open_.empty()) return;
    std::swap(open_[random_.below(open_.size())], open_.back());
    auto [address, call] = open_.back();
    const auto known = known_.find(address);
    open_.pop_back();
    cluster_.finish(call, Verdict::good, Time(0));
    if (--known->second.in_flight == 0 && !in_set(known->first)) known_.erase(known);
  }

  bool in_set(const std::string& address) const {
    return std::any_of(set_.begin(), set_.end(), [&](const Endpoint& one) { return one.address == address; });
  }

  /// The best class of what was not tried; when all was, of all but the last; when that is all there is, that.
  std::set<std::string> allowed(const std::vector<Backend*>& all_tried) const {
    const std::span<Backend* const> all(all_tried);
    for (const auto tried : {all, all.last(std::min<std::size_t>(1, all.size())), all.first(0)}) {
      for (const bool draining : {false, true}) {
        for (std::uint32_t tier = 0; tier < 3; ++tier) {
          std::set<std::string> found;
          for (const Endpoint& one : set_) {
            const bool was_tried = std::find(tried.begin(), tried.end(), known_.at(one.address).backend) != tried.end();
            if (one.draining != draining || (!draining && one.tier != tier) || was_tried) continue;
            found.insert(one.address);
          }
          if (!found.empty()) return found;
        }
      }
    }
    return {};
  }

  Random random_, cluster_random_;
  int alive_ = 0;  // outlives the cluster, whose tokens count in it
  Cluster cluster_;
  std::vector<Endpoint> set_;
  std::map<std::string, Known> known_;
  std::vector<std::pair<std::string, Call>> open_;
  int retries_ = 0;
};

TEST(ClusterProperty, AgreesWithTheReferenceOverRandomOperations) {
  int retries = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    ReferenceCluster reference(seed);
    for (int i = 0; i < 500; ++i) {
      reference.step();
      reference.compare();
      if (testing::Test::HasFatalFailure()) return;
    }
    retries += reference.retries();
  }
  EXPECT_GT(retries, 5'000);
}

}  // namespace
}  // namespace outrigger::balance
