/// Cluster, whatever is done to it in whatever order: what always holds.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "balance/cluster.h"

namespace outrigger::balance {
namespace {

using namespace std::chrono_literals;
using health::PassiveHealth;

class World {
 public:
  explicit World(std::uint64_t seed) : random_(seed), cluster_random_(seed + 1), cluster_(cluster_random_) { update(); }

  void step() {
    switch (random_.below(20)) {
      case 0: update(); break;
      case 1: cluster_.set_zone(one_of<std::string>({"", "a", "b"})); break;
      case 2: cluster_.set_relieved(relieved_ = random_.below(2) == 0); break;
      case 3: now_ += one_of<Time>({-1s, 1ms, 1s, 10s, 40s}); break;
      case 4:
      case 5: probe(); break;
      case 6:
      case 7:
      case 8:
      case 9:
      case 10:
      case 11:
      case 12: pick(); break;
      default: end_one(); break;
    }
    cluster_.refresh(now_);
    check();
  }

  void end_all() {
    while (!calls_.empty()) end_one();
    check();
  }

 private:
  template <class T>
  T one_of(std::initializer_list<T> values) {
    return *(values.begin() + random_.below(values.size()));
  }

  void update() {
    if (random_.below(2) == 0) {
      options_.policy = static_cast<model::PolicyKind>(random_.below(7));
      options_.failover_mode = one_of({model::FailoverMode::spill, model::FailoverMode::strict});
      options_.failback_delay = one_of<std::chrono::milliseconds>({0s, 5s, 30s});
      options_.zone_aware = static_cast<model::ZoneAware>(random_.below(4));
      options_.outlier_failures = one_of({0u, 1u, 5u});
      options_.outlier_window = one_of<std::chrono::milliseconds>({1s, 10s});
      options_.outlier_ejection = one_of<std::chrono::milliseconds>({100ms, 30s});
      options_.outlier_max_percent = one_of({0u, 10u, 50u, 100u});
      options_.slow_start = one_of<std::chrono::milliseconds>({0s, 20s});
    }
    std::vector<model::Endpoint> endpoints;
    const std::uint64_t present = random_.below(11);
    for (int i = 0; i < 12; ++i) {
      if (random_.below(10) >= present) continue;
      model::Endpoint& added = endpoints.emplace_back();
      added.address = "e" + std::to_string(i);
      added.weight = static_cast<std::uint32_t>(random_.below(2) == 0 ? 1 : 1 + random_.below(1'000));
      added.tier = static_cast<std::uint32_t>(random_.below(6) / 3);
      added.zone = one_of<std::string>({"", "a", "b", "c"});
      if (random_.below(2) == 0) added.for_zones = {added.zone};
      added.pod = random_.below(20) == 0 ? "other" : "web";
      added.draining = random_.below(8) == 0;
    }
    cluster_.update(options_, endpoints, now_);
    ASSERT_EQ(cluster_.backends().size(), endpoints.size());
  }

  void probe() {
    const auto backends = cluster_.backends();
    if (!backends.empty()) cluster_.set_probed(*backends[random_.below(backends.size())], random_.below(3) > 0);
  }

  void pick() {
    const auto backends = cluster_.backends();
    std::vector<Backend*> tried;
    for (std::uint64_t i = random_.below(4); i > 0 && !backends.empty() && random_.below(2) == 0; --i) {
      tried.push_back(backends[random_.below(backends.size())]);
    }
    Backend* const wanted =
        random_.below(4) == 0 ? cluster_.find(hash_of("e" + std::to_string(random_.below(12)))) : nullptr;
    const auto before = in_use();
    const Call call = cluster_.pick({.now = now_, .hash = random_.next(), .tried = tried, .wanted = wanted});
    check_ejections(before);
    const bool any = std::any_of(backends.begin(), backends.end(), [](auto* one) { return usable(*one); });
    ASSERT_EQ(call.backend != nullptr, any);
    if (!any) return;
    check_choice(call, tried, wanted);
    calls_.push_back(call);
    ++in_flight_[call.backend];
  }

  static bool usable(const Backend& backend) { return backend.level != Backend::kNoLevel; }
  static bool available(const Backend& backend) {
    return usable(backend) && !backend.endpoint.draining && backend.probed_well &&
           backend.passive.state() == PassiveHealth::State::in_use;
  }

  void check_choice(const Call& call, const std::vector<Backend*>& tried, const Backend* wanted) {
    const Backend& picked = *call.backend;
    const auto is_tried = [&](const Backend* one) { return std::count(tried.begin(), tried.end(), one) > 0; };
    ASSERT_TRUE(picked.in_set && usable(picked));
    if (call.decides) {
      ASSERT_EQ(picked.passive.state(), PassiveHealth::State::on_trial);
      ASSERT_TRUE(picked.probed_well && !picked.endpoint.draining && !is_tried(&picked));
      return;
    }
    if (wanted != nullptr && available(*wanted) && !is_tried(wanted)) {
      ASSERT_EQ(&picked, wanted);
      return;
    }
    for (const Backend* other : cluster_.backends()) {
      if (!usable(*other) || is_tried(other)) continue;
      ASSERT_FALSE(is_tried(&picked)) << "while " << other->endpoint.address << " was not tried";
      if (!available(*other)) continue;
      ASSERT_TRUE(available(picked) || picked.counts_for > 0) << "while " << other->endpoint.address << " is well";
      ASSERT_TRUE(picked.counts_for > 0 || other->counts_for == 0) << other->endpoint.address << " carries load";
    }
  }

  void end_one() {
    if (calls_.empty()) return;
    const std::size_t index = random_.below(calls_.size());
    Call call = calls_[index];
    const auto before = in_use();
    if (random_.below(3) == 0) {
      cluster_.answered(calls_[index], now_);
      check_ejections(before);
      return;
    }
    calls_.erase(calls_.begin() + static_cast<std::ptrdiff_t>(index));
    Backend* const backend = call.backend;
    const bool ends = --in_flight_[backend] == 0 && !backend->in_set;
    if (in_flight_[backend] == 0) in_flight_.erase(backend);
    if (random_.below(8) == 0) {
      cluster_.give_back(call);
    } else {
      const auto verdict =
          one_of({Verdict::good, Verdict::bad, Verdict::bad, Verdict::not_connected, Verdict::unknown});
      ASSERT_EQ(cluster_.finish(call, verdict, now_), ends ? nullptr : backend);
    }
    ASSERT_EQ(call.backend, nullptr);
    check_ejections(before);
  }

  std::set<const Backend*> in_use() const {
    std::set<const Backend*> found;
    for (const Backend* one : cluster_.backends()) {
      if (one->passive.state() == PassiveHealth::State::in_use) found.insert(one);
    }
    return found;
  }

  /// `before`: those that were in use.
  void check_ejections(const std::set<const Backend*>& before) {
    std::uint64_t endpoints = 0;
    std::uint64_t ejected = 0;
    std::uint64_t for_answers = 0;
    bool any_left = relieved_;
    for (const Backend* one : cluster_.backends()) {
      const bool is_new = before.contains(one) && one->passive.state() != PassiveHealth::State::in_use;
      for_answers += is_new && !one->passive.is_unreachable() ? 1u : 0u;
      any_left = any_left || available(*one) || one->endpoint.draining;
      if (one->endpoint.draining) continue;
      ++endpoints;
      ejected += one->standing() == Standing::ejected ? 1u : 0u;
    }
    if (for_answers == 0) return;
    ASSERT_TRUE(any_left);
    ASSERT_GT(options_.outlier_failures, 0u);
    ASSERT_LE(ejected, std::max<std::uint64_t>(1, endpoints * options_.outlier_max_percent / 100));
  }

  void check() {
    const double capacity = cluster_.capacity(now_);
    double carried = 0;
    bool any = false;
    for (const Backend* one : cluster_.backends()) {
      const auto found = in_flight_.find(one);
      ASSERT_EQ(one->load.in_flight(), found == in_flight_.end() ? 0u : found->second);
      ASSERT_GE(one->counts_for, 0);
      ASSERT_GE(one->effective_weight, one->endpoint.weight * 10);
      ASSERT_LE(one->effective_weight, one->endpoint.weight * 100);
      carried += one->counts_for;
      any = any || usable(*one);
    }
    ASSERT_EQ(carried > 0, any && (!relieved_ || capacity > 0));
    for (const auto& [backend, count] : in_flight_) ASSERT_EQ(backend->load.in_flight(), count);
    ASSERT_TRUE(!cluster_.next_change() || *cluster_.next_change() > now_);
    ASSERT_TRUE(capacity >= 0 && capacity <= 1) << capacity;
  }

  Random random_;
  Random cluster_random_;
  Cluster cluster_;
  model::ServiceOptions options_;
  Time now_ = 1'000s;
  bool relieved_ = false;
  std::vector<Call> calls_;
  std::map<const Backend*, std::uint32_t> in_flight_;  ///< of what has any
};

TEST(ClusterInvariants, HoldWhateverHappens) {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World world(seed);
    for (int step = 0; step < 3'000; ++step) {
      world.step();
      if (testing::Test::HasFatalFailure()) FAIL() << "in step " << step;
    }
    world.end_all();
    if (testing::Test::HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace outrigger::balance
