/// All of the way from the API's objects to what sidecars have, without threads, sockets and clocks, and everything
/// that may go wrong on it. OUTRIGGER_TEST_SEED=N repeats one run.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <random>

#include "faults/simulated_sidecar.h"
#include "feed/version.h"
#include "operator/random_objects.h"

namespace outrigger::faults {
namespace {

using kube::Kind;
using std::chrono::milliseconds;

constexpr int kSteps = 600;
/// Of talk between a replica and its sidecars, far more than it takes.
constexpr int kRounds = 300;

class ControlPlane {
 public:
  explicit ControlPlane(unsigned seed) : random_(seed), objects_(random_) {
    for (int i = 0; i < 3; ++i) replicas_.push_back(std::make_unique<SimulatedReplica>(api_, now_));
    for (int i = 0; i < 5; ++i) {
      sidecars_.push_back(std::make_unique<SimulatedSidecar>("n" + std::to_string(i % 3)));
      for (int k = 0; k < 3; ++k) sidecars_.back()->want(any_service(), true);
    }
  }

  void step() {
    now_ += milliseconds(below(12));
    switch (below(24)) {
      case 0:
      case 1:
      case 2:
      case 3: return change_object();
      case 4: return disturb_watch();
      case 5: return disturb_replica();
      case 6:
      case 7: return disturb_sidecar();
      case 8:
      case 9: return change_what_is_wanted();
      case 10: return come_back();
      case 11: return settle(any_replica());
      case 12:
      case 13:
      case 14: return any_replica().reconcile(1 + below(3));
      case 15:
      case 16: return any_replica().serve(some_bytes());
      case 17:
      case 18: return any_sidecar().read(some_bytes());
      case 19: return any_sidecar().read_current(some_bytes());
      case 20: return change_while_moving();
      default: return any_replica().read(any_kind(), 1 + below(4));
    }
  }

  /// Everybody is well again, hears everything and has the time it takes.
  void let_it_be_quiet() {
    for (auto& replica : replicas_) {
      replica->stop(false);
      for (const Kind kind : op::kinds()) {
        replica->cut(kind, false);
        // 410, the list, and what it says.
        for (int i = 0; i < 3; ++i) replica->read(kind, SIZE_MAX);
        compare(*replica, kind);
      }
      replica->reconcile(SIZE_MAX);
    }
    now_ += op::Reconciler::kMaxHold;
    for (auto& replica : replicas_) replica->reconcile(SIZE_MAX);
    for (int round = 0; !everybody_drained() && !testing::Test::HasFatalFailure(); ++round) {
      ASSERT_LT(round, kRounds) << "it never ends";
      come_back();
      for (auto& replica : replicas_) exchange_all(*replica);
    }
  }

  void check_quiet() const {
    const op::Sets expected = op::plain_sets(api_.objects());
    for (const auto& replica : replicas_) {
      ASSERT_EQ(replica->published().size(), expected.size());
      for (const auto& [service, set] : expected) {
        ASSERT_TRUE(replica->published().contains(service)) << service.text();
        ASSERT_EQ(replica->published().at(service)->set, set) << service.text();
        ASSERT_EQ(replica->published().at(service)->version, feed::version_of(set));
      }
    }
    for (const auto& sidecar : sidecars_) {
      check_sets(*sidecar, expected);
      const auto* node = find(Kind::node, {"", sidecar->node()});
      ASSERT_EQ(sidecar->zone(), node ? std::get<kube::NodeInfo>(node->value).zone : "");
    }
  }

 private:
  unsigned below(std::size_t bound) { return objects_.below(bound); }
  Kind any_kind() { return op::kinds()[below(op::kinds().size())]; }
  std::size_t some_bytes() { return below(below(8) == 0 ? 100'000 : 600); }
  SimulatedReplica& any_replica() { return *replicas_[below(replicas_.size())]; }
  SimulatedSidecar& any_sidecar() { return *sidecars_[below(sidecars_.size())]; }
  model::ServicePort any_service() { return op::port_of("s" + std::to_string(below(6)), below(4) == 0 ? 81 : 80); }
  std::string any_address() { return "10.96.0." + std::to_string(below(4)) + ":80"; }
  const kube::Object* find(Kind kind, const model::ObjectKey& key) const {
    const auto found = api_.objects().find({kind, key});
    return found == api_.objects().end() ? nullptr : &found->second;
  }

  void change_object() {
    const Kind kind = below(2) == 0 ? Kind::endpoint_slice : any_kind();
    const kube::Object object = objects_.object(kind);
    if (below(4) == 0) return api_.remove(kind, object.key);
    const kube::Object* const before = find(kind, object.key);
    if (before != nullptr && kind == Kind::endpoint_slice && below(2) == 0) return change_endpoint(*before);
    if (before == nullptr || below(3) != 0) return api_.put(object);
    // There and back again: what it was, after something else.
    const kube::Object again = *before;
    api_.put(object);
    api_.put(again);
  }

  /// One comes, goes or drains, which is what may be held back, or not; or so many come that readers are stuck.
  void change_endpoint(kube::Object object) {
    auto& endpoints = std::get<kube::SliceGroup>(object.value).slices[0].endpoints;
    switch (below(40)) {
      case 0:
        for (int i = 0; i < 1'000; ++i) {
          const std::string address = "10.1." + std::to_string(i / 250) + "." + std::to_string(i % 250);
          endpoints.push_back(op::endpoint(address, std::string(250, 'p')));
        }
        break;
      case 1: endpoints.clear(); break;
      default:
        if (endpoints.empty() || below(3) == 0) {
          endpoints.push_back(op::endpoint("10.0.0." + std::to_string(below(8))));
        } else {
          model::SliceEndpoint& one = endpoints[below(endpoints.size())];
          one.terminating = !one.terminating;
        }
    }
    api_.put(object);
  }

  void disturb_watch() {
    SimulatedReplica& replica = any_replica();
    const Kind kind = any_kind();
    switch (below(6)) {
      case 0: return api_.compact();
      case 1: return compare(replica, kind);
      case 2:
        if (replica.lose_event(kind)) lost_.insert({&replica, kind});
        return;
      default: return replica.cut(kind, below(4) == 0);
    }
  }

  void disturb_replica() {
    SimulatedReplica& replica = any_replica();
    if (below(3) != 0) return replica.stop(below(5) == 0);
    replica.restart();
    std::erase_if(lost_, [&](const auto& entry) { return entry.first == &replica; });
  }

  void disturb_sidecar() {
    SimulatedSidecar& sidecar = any_sidecar();
    switch (below(8)) {
      case 0: return sidecar.restart();
      case 1: return sidecar.lose_stream();
      case 2: return sidecar.give_up_moving();
      case 3: return sidecar.save();
      default: return sidecar.move_to(any_replica());
    }
  }

  /// Reads and says all there is.
  void catch_up(SimulatedReplica& replica) {
    for (const Kind kind : op::kinds()) replica.read(kind, SIZE_MAX);
    if (below(2) == 0) now_ += op::Reconciler::kMaxHold;
    replica.reconcile(SIZE_MAX);
    replica.serve(SIZE_MAX);
  }

  /// What changes while a sidecar moves is told by the replica that it leaves, which may be ahead of the other.
  void change_while_moving() {
    SimulatedSidecar& sidecar = any_sidecar();
    SimulatedReplica& left = any_replica();
    SimulatedReplica& target = any_replica();
    const model::ObjectKey key = objects_.object(Kind::endpoint_slice).key;
    if (sidecar.connected() == &left) sidecar.move_to(target);
    for (unsigned i = 1 + below(3); i > 0; --i) {
      const kube::Object* const slice = find(Kind::endpoint_slice, key);
      if (slice == nullptr) return change_object();
      change_endpoint(*slice);
      catch_up(below(4) == 0 ? target : left);
      sidecar.read_current(SIZE_MAX);
    }
    catch_up(target);
    if (below(2) == 0) settle(target);
  }

  void change_what_is_wanted() {
    SimulatedSidecar& sidecar = any_sidecar();
    switch (below(4)) {
      case 0: return sidecar.want(any_service(), false);
      case 1: return sidecar.resolve(any_address());
      case 2: return sidecar.unresolve(any_address());
      default: return sidecar.want(any_service(), true);
    }
  }

  void come_back() {
    for (auto& sidecar : sidecars_) {
      if (sidecar->connected() == nullptr) sidecar->move_to(any_replica());
    }
  }

  /// A comparison finds something only where something was lost.
  void compare(SimulatedReplica& replica, Kind kind) {
    const std::uint64_t before = replica.repairs();
    if (replica.compare(kind) && lost_.erase({&replica, kind}) == 0) {
      EXPECT_EQ(replica.repairs(), before) << kube::kind_name(kind);
    }
  }

  bool everybody_drained() const {
    return std::ranges::all_of(sidecars_, [](const auto& sidecar) { return sidecar->drained(); });
  }

  void exchange_all(SimulatedReplica& replica) {
    bool drained = false;
    for (int round = 0; !drained; ++round) {
      ASSERT_LT(round, kRounds) << "it never ends";
      replica.serve(SIZE_MAX);
      drained = true;
      for (auto& sidecar : sidecars_) {
        sidecar->read(SIZE_MAX);
        if (sidecar->connected() == &replica && !sidecar->moving() && !sidecar->drained()) drained = false;
      }
    }
  }

  /// A replica works off what it has read, and its sidecars read what it says of it.
  void settle(SimulatedReplica& replica) {
    if (replica.stopped()) return;
    for (const Kind kind : op::kinds()) {
      if (below(2) == 0) replica.read(kind, SIZE_MAX);
    }
    replica.reconcile(SIZE_MAX);
    if (!replica.quiet()) return;
    exchange_all(replica);
    const op::Sets now = op::plain_sets(replica.objects());
    for (const auto& sidecar : sidecars_) {
      if (sidecar->connected() != &replica || !sidecar->drained()) continue;
      if (!replica.holds()) check_sets(*sidecar, now);
      for (const auto& [service, set] : sidecar->sets()) check_nothing_gone_is_used(set->set, now);
    }
  }

  static void check_nothing_gone_is_used(const model::EndpointSet& had, const op::Sets& now) {
    const auto there = now.find(had.service);
    ASSERT_NE(there, now.end()) << had.service.text();
    for (const model::Endpoint& endpoint : had.endpoints) {
      if (endpoint.draining) continue;
      ASSERT_TRUE(std::ranges::any_of(there->second.endpoints,
                                      [&](const model::Endpoint& other) {
                                        return other.address == endpoint.address && other.pod == endpoint.pod &&
                                               !other.draining;
                                      }))
          << had.service.text() << " " << endpoint.address;
    }
  }

  static void check_sets(const SimulatedSidecar& sidecar, const op::Sets& expected) {
    for (const model::ServicePort& service : sidecar.wanted()) {
      const auto there = expected.find(service);
      const auto had = sidecar.sets().find(service);
      ASSERT_EQ(had != sidecar.sets().end(), there != expected.end()) << service.text();
      if (there == expected.end()) continue;
      ASSERT_EQ(had->second->set, there->second) << service.text();
    }
    ASSERT_TRUE(
        std::ranges::all_of(sidecar.sets(), [&](const auto& entry) { return sidecar.wanted().contains(entry.first); }));
    for (const std::string& address : sidecar.asked()) {
      const auto told = sidecar.destinations().find(address);
      ASSERT_NE(told, sidecar.destinations().end()) << address;
      // Once a Service was named, its set tells what becomes of it.
      if (told->second) continue;
      for (const auto& [service, set] : expected) {
        ASSERT_EQ(std::ranges::count(set.addresses, address), 0) << address << " is " << service.text();
      }
    }
  }

  std::mt19937 random_;
  op::RandomObjects objects_;
  SimulatedApi api_;
  TimePoint now_{std::chrono::hours(1)};
  std::vector<std::unique_ptr<SimulatedReplica>> replicas_;
  std::vector<std::unique_ptr<SimulatedSidecar>> sidecars_;
  std::set<std::pair<const SimulatedReplica*, Kind>> lost_;  ///< of whose events the API server has passed some over
};

void run(unsigned seed) {
  SCOPED_TRACE("OUTRIGGER_TEST_SEED=" + std::to_string(seed));
  ControlPlane plane(seed);
  for (int i = 1; i <= kSteps && !testing::Test::HasFailure(); ++i) {
    SCOPED_TRACE("step " + std::to_string(i));
    plane.step();
    if (i % (kSteps / 4) != 0) continue;
    plane.let_it_be_quiet();
    plane.check_quiet();
  }
}

TEST(RandomFaults, EndWithEverySidecarHavingWhatTheApiHas) {
  const char* const given = std::getenv("OUTRIGGER_TEST_SEED");
  const unsigned seed = given != nullptr ? static_cast<unsigned>(std::stoul(given)) : std::random_device{}();
  const unsigned runs = given != nullptr ? 1 : 4;
  std::cout << "OUTRIGGER_TEST_SEED=" << seed << " and the next " << runs - 1 << std::endl;
  for (unsigned i = 0; i < runs && !testing::Test::HasFailure(); ++i) run(seed + i);
}

}  // namespace
}  // namespace outrigger::faults
