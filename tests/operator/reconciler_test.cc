#include "operator/reconciler.h"

#include <gtest/gtest.h>

#include <optional>

#include "feed/version.h"
#include "operator/objects.h"

namespace outrigger::op {
namespace {

using kube::Kind;

/// Everything that was held back is due.
constexpr TimePoint kLate{std::chrono::hours(1)};

/// A reconciler, what it said, and what its reader has from it.
class ReconcilerTest : public testing::Test {
 protected:
  void sync() {
    for (const Kind kind : kinds()) reconciler_.apply(all(kind, {}));
  }
  /// Applies one change and looks at everything; what came out.
  std::vector<ServiceUpdate> apply(kube::Change change, TimePoint now = kLate) {
    reconciler_.apply(std::move(change));
    return look(now);
  }
  std::vector<ServiceUpdate> look(TimePoint now) {
    auto updates = reconciler_.reconcile(SIZE_MAX, now);
    for (const ServiceUpdate& update : updates) {
      if (update.set) {
        EXPECT_EQ(update.set->version, feed::version_of(update.set->set));
        sets_[update.service] = update.set->set;
      } else {
        EXPECT_EQ(sets_.erase(update.service), 1u) << update.service.text() << " was absent already";
      }
    }
    return updates;
  }
  /// "10.0.0.1:8080 10.0.0.2:8080", or nothing when there is no such set.
  std::optional<std::string> addresses(const model::ServicePort& service) const {
    const auto found = sets_.find(service);
    if (found == sets_.end()) return std::nullopt;
    std::string text;
    for (const auto& endpoint : found->second.endpoints) text += (text.empty() ? "" : " ") + endpoint.address;
    return text;
  }
  const model::Endpoint& only_endpoint(const model::ServicePort& service) const {
    return sets_.at(service).endpoints.at(0);
  }

  std::vector<AnnotationProblem> problems_;
  std::vector<AnnotationProblem> mended_;
  Reconciler reconciler_{kinds(), [this](const AnnotationProblem& problem, Inventory::ProblemIs what) {
                           (what == Inventory::ProblemIs::found ? problems_ : mended_).push_back(problem);
                         }};
  std::map<model::ServicePort, model::EndpointSet> sets_;
};

const auto kWeb = port_of("web");

TEST_F(ReconcilerTest, GivesTheSetOfAServiceAndItsSlices) {
  sync();
  apply(put(service("web", {{"outrigger.dev/policy", "round-robin"}})));
  EXPECT_EQ(addresses(kWeb), "");
  apply(put(slice("web-1", "web", {endpoint("10.0.0.1")})));
  apply(put(slice("web-2", "web", {endpoint("10.0.0.2"), endpoint("10.0.0.1")})));
  EXPECT_EQ(addresses(kWeb), "10.0.0.1:8080 10.0.0.2:8080");
  EXPECT_EQ(sets_.at(kWeb).options.policy, model::PolicyKind::round_robin);
  EXPECT_EQ(reconciler_.endpoints(), 2u);
}

TEST_F(ReconcilerTest, GivesNothingBeforeEveryKindWasListed) {
  reconciler_.apply(all(Kind::service, {service("web")}));
  reconciler_.apply(all(Kind::endpoint_slice, {slice("web-1", "web", {endpoint("10.0.0.1", "web-a")})}));
  reconciler_.apply(all(Kind::node, {}));
  EXPECT_TRUE(reconciler_.reconcile(SIZE_MAX, kLate).empty());
  EXPECT_FALSE(reconciler_.synced());
  EXPECT_EQ(reconciler_.missing(), std::set<Kind>{Kind::pod});
  // A single pod is not all pods.
  EXPECT_TRUE(apply(put(pod("other", {{"outrigger.dev/weight", "2"}}))).empty());
  EXPECT_EQ(apply(all(Kind::pod, {pod("web-a", {{"outrigger.dev/weight", "5"}})})).size(), 1u);
  EXPECT_TRUE(reconciler_.synced());
  EXPECT_EQ(only_endpoint(kWeb).weight, 5u);
}

TEST_F(ReconcilerTest, GivesNothingWhenNothingIsDifferent) {
  sync();
  apply(put(service("web")));
  apply(put(slice("web-1", "web", {endpoint("10.0.0.1")})));
  EXPECT_TRUE(apply(put(service("web"))).empty());
  EXPECT_TRUE(apply(put(slice("web-1", "web", {endpoint("10.0.0.1")}))).empty());
  EXPECT_TRUE(apply(put(slice("web-2", "web", {endpoint("10.0.0.1")}))).empty());
  EXPECT_TRUE(apply(put(service("web", {{"someone.else/policy", "x"}}))).empty());
}

TEST_F(ReconcilerTest, TakesARemovedEndpointAway) {
  sync();
  apply(put(service("web")));
  apply(put(slice("web-1", "web", {endpoint("10.0.0.1"), endpoint("10.0.0.2")})));
  const auto updates = apply(put(slice("web-1", "web", {endpoint("10.0.0.2")}), 42));
  ASSERT_EQ(updates.size(), 1u);
  EXPECT_EQ(updates[0].read_at, at(42));
  EXPECT_EQ(addresses(kWeb), "10.0.0.2:8080");
  apply(gone(Kind::endpoint_slice, "web-1"));
  EXPECT_EQ(addresses(kWeb), "");
  EXPECT_EQ(reconciler_.endpoints(), 0u);
}

TEST_F(ReconcilerTest, TellsADeletedServiceAndItsReturn) {
  sync();
  apply(put(slice("web-1", "web", {endpoint("10.0.0.1")})));
  EXPECT_EQ(addresses(kWeb), std::nullopt);
  apply(put(service("web")));
  const auto updates = apply(gone(Kind::service, "web"));
  ASSERT_EQ(updates.size(), 1u);
  EXPECT_EQ(updates[0].service, kWeb);
  EXPECT_EQ(updates[0].set, nullptr);
  EXPECT_TRUE(apply(gone(Kind::service, "web")).empty());
  apply(put(service("web")));
  EXPECT_EQ(addresses(kWeb), "10.0.0.1:8080");
}

TEST_F(ReconcilerTest, LooksAtLevelsSoThatAQuickReturnIsNoChange) {
  sync();
  apply(put(service("web")));
  apply(put(slice("web-1", "web", {endpoint("10.0.0.1")})));
  reconciler_.apply(gone(Kind::service, "web"));
  reconciler_.apply(gone(Kind::endpoint_slice, "web-1"));
  reconciler_.apply(put(service("web")));
  EXPECT_TRUE(apply(put(slice("web-1", "web", {endpoint("10.0.0.1")}))).empty());
}

TEST_F(ReconcilerTest, GivesOneSetAPortAndTakesAwayAPortThatIsGone) {
  sync();
  apply(put(service("web", {}, {80, 81})));
  EXPECT_EQ(sets_.size(), 2u);
  apply(put(service("web", {}, {81, 82})));
  EXPECT_FALSE(sets_.contains(kWeb));
  EXPECT_TRUE(sets_.contains(port_of("web", 81)));
  EXPECT_TRUE(sets_.contains(port_of("web", 82)));
}

TEST_F(ReconcilerTest, MovesASliceThatChangesItsService) {
  sync();
  apply(put(service("web")));
  apply(put(service("api")));
  apply(put(slice("one", "web", {endpoint("10.0.0.1")})));
  EXPECT_EQ(apply(put(slice("one", "api", {endpoint("10.0.0.1")}))).size(), 2u);
  EXPECT_EQ(addresses(kWeb), "");
  EXPECT_EQ(addresses(port_of("api")), "10.0.0.1:8080");
}

TEST_F(ReconcilerTest, PublishesNotReadyAddressesForTheServiceThatAsksAlone) {
  sync();
  model::SliceEndpoint not_ready = endpoint("10.0.0.1");
  not_ready.ready = not_ready.serving = false;
  kube::Object asks = service("web");
  std::get<model::Service>(asks.value).publish_not_ready_addresses = true;
  apply(put(asks));
  apply(put(service("api")));
  apply(put(slice("web-1", "web", {not_ready})));
  apply(put(slice("api-1", "api", {not_ready})));
  EXPECT_EQ(addresses(kWeb), "10.0.0.1:8080");
  EXPECT_EQ(addresses(port_of("api")), "");
  apply(put(service("web")));
  EXPECT_EQ(addresses(kWeb), "");
}

TEST_F(ReconcilerTest, FollowsAPodsAnnotations) {
  sync();
  apply(put(service("web")));
  apply(put(service("api")));
  apply(put(slice("web-1", "web", {endpoint("10.0.0.1", "a")})));
  apply(put(slice("api-1", "api", {endpoint("10.0.0.2", "b")})));
  const auto updates = apply(put(pod("a", {{"outrigger.dev/weight", "7"}, {"outrigger.dev/tier", "1"}}), 9));
  ASSERT_EQ(updates.size(), 1u);
  EXPECT_EQ(updates[0].service, kWeb);
  EXPECT_EQ(updates[0].read_at, at(9));
  EXPECT_EQ(only_endpoint(kWeb).weight, 7u);
  EXPECT_EQ(only_endpoint(kWeb).tier, 1u);
  apply(put(pod("a", {})));
  EXPECT_EQ(only_endpoint(kWeb).weight, 1u);
  apply(put(pod("a", {{"outrigger.dev/weight", "3"}})));
  apply(gone(Kind::pod, "a"));
  EXPECT_EQ(only_endpoint(kWeb).weight, 1u);
}

TEST_F(ReconcilerTest, TakesNoNoteOfAPodOfTheSameNameInAnotherNamespace) {
  sync();
  apply(put(service("web")));
  apply(put(slice("web-1", "web", {endpoint("10.0.0.1", "a")})));
  kube::Object other = pod("a", {{"outrigger.dev/weight", "7"}});
  other.key.ns = "elsewhere";
  EXPECT_TRUE(apply(put(other)).empty());
}

TEST_F(ReconcilerTest, TakesAZoneFromTheNode) {
  sync();
  apply(put(service("web")));
  apply(put(slice("web-1", "web", {endpoint("10.0.0.1")})));
  apply(put(node("node-1", "west")));
  EXPECT_EQ(only_endpoint(kWeb).zone, "west");
  EXPECT_TRUE(apply(put(node("node-2", "east"))).empty());
  apply(put(node("node-1", "east")));
  EXPECT_EQ(only_endpoint(kWeb).zone, "east");
  apply(gone(Kind::node, "node-1"));
  EXPECT_EQ(only_endpoint(kWeb).zone, "");
}

TEST_F(ReconcilerTest, TellsNodesWhoseZonesHaveChanged) {
  using Zones = std::map<std::string, std::string>;
  reconciler_.apply(all(Kind::node, {node("n1", "a"), node("n2", ""), node("n3", "b")}));
  EXPECT_EQ(reconciler_.take_changed_zones(), (Zones{{"n1", "a"}, {"n3", "b"}}));
  EXPECT_EQ(reconciler_.take_changed_zones(), Zones{});
  reconciler_.apply(put(node("n1", "a")));
  reconciler_.apply(put(node("n2", "c")));
  reconciler_.apply(gone(Kind::node, "n3"));
  EXPECT_EQ(reconciler_.take_changed_zones(), (Zones{{"n2", "c"}, {"n3", ""}}));
  reconciler_.apply(put(node("n1", "")));
  EXPECT_EQ(reconciler_.take_changed_zones(), (Zones{{"n1", ""}}));
}

TEST_F(ReconcilerTest, TellsOtherServicesAndHintsOfAService) {
  sync();
  apply(put(service("web", {{"outrigger.dev/weights", "web=9,web-v2=1"}, {"outrigger.dev/failover", "standby"}})));
  const std::vector<model::Rule> split = {{"/", {{kWeb, 9}, {port_of("web-v2"), 1}}}};
  EXPECT_EQ(sets_.at(kWeb).rules, split);
  EXPECT_EQ(sets_.at(kWeb).failover, (std::vector<model::ServicePort>{port_of("standby")}));
  model::SliceEndpoint hinted = endpoint("10.0.0.1");
  hinted.for_zones = {"a"};
  apply(put(slice("web-1", "web", {hinted})));
  EXPECT_EQ(only_endpoint(kWeb).for_zones, std::vector<std::string>{"a"});
  EXPECT_EQ(apply(put(slice("web-1", "web", {endpoint("10.0.0.1")}))).size(), 1u) << "a hint less is a change";
  apply(put(service("web", {{"outrigger.dev/failover", "web"}})));
  ASSERT_EQ(problems_.size(), 1u);
  EXPECT_EQ(problems_[0].error.key, "outrigger.dev/failover");
  EXPECT_EQ(sets_.at(kWeb).rules, model::own_cluster_rule(kWeb));
  EXPECT_TRUE(sets_.at(kWeb).failover.empty());
}

TEST_F(ReconcilerTest, FollowsAServicesTrafficDistribution) {
  sync();
  kube::Object web = service("web");
  apply(put(web));
  EXPECT_EQ(sets_.at(kWeb).options.zone_aware, model::ZoneAware::automatic);
  std::get<model::Service>(web.value).prefers_close = true;
  apply(put(web));
  EXPECT_EQ(sets_.at(kWeb).options.zone_aware, model::ZoneAware::prefer);
}

TEST_F(ReconcilerTest, ForgetsWhatANewListDoesNotName) {
  sync();
  apply(all(Kind::service, {service("web"), service("api")}));
  apply(all(Kind::endpoint_slice, {slice("web-1", "web", {endpoint("10.0.0.1", "a")})}));
  apply(all(Kind::pod, {pod("a", {{"outrigger.dev/weight", "4"}})}));
  apply(all(Kind::node, {node("node-1", "west")}));
  EXPECT_EQ(only_endpoint(kWeb).weight, 4u);

  apply(all(Kind::pod, {}));
  EXPECT_EQ(only_endpoint(kWeb).weight, 1u);
  apply(all(Kind::node, {}));
  EXPECT_EQ(only_endpoint(kWeb).zone, "");
  apply(all(Kind::endpoint_slice, {slice("web-2", "web", {endpoint("10.0.0.2")})}));
  EXPECT_EQ(addresses(kWeb), "10.0.0.2:8080");
  apply(all(Kind::service, {service("web")}));
  EXPECT_FALSE(sets_.contains(port_of("api")));
  EXPECT_EQ(reconciler_.services(), 1u);
}

TEST_F(ReconcilerTest, TakesLegacyEndpointsAsWell) {
  Reconciler legacy({Kind::service, Kind::endpoints, Kind::pod, Kind::node},
                    [](const AnnotationProblem&, Inventory::ProblemIs) {});
  legacy.apply(all(Kind::service, {service("web")}));
  legacy.apply(all(Kind::endpoints, {slice("web", "web", {endpoint("10.0.0.1")}, Kind::endpoints)}));
  legacy.apply(all(Kind::pod, {}));
  legacy.apply(all(Kind::node, {}));
  const auto updates = legacy.reconcile(SIZE_MAX, kLate);
  ASSERT_EQ(updates.size(), 1u);
  EXPECT_EQ(updates[0].set->set.endpoints.size(), 1u);
}

TEST_F(ReconcilerTest, HoldsEndpointsAndASliceOfOneNameApart) {
  sync();
  apply(put(service("web")));
  apply(put(slice("web", "web", {endpoint("10.0.0.1")}, Kind::endpoints)));
  apply(put(slice("web", "web", {endpoint("10.0.0.2")}, Kind::endpoint_slice)));
  EXPECT_EQ(addresses(kWeb), "10.0.0.1:8080 10.0.0.2:8080");
  apply(all(Kind::endpoint_slice, {}));
  EXPECT_EQ(addresses(kWeb), "10.0.0.1:8080");
}

TEST_F(ReconcilerTest, RepairsWhatAComparisonShowsToBeLostAndCountsIt) {
  sync();
  const auto compare = [&](Kind kind, std::vector<kube::Object> objects) {
    kube::Change change = all(kind, std::move(objects));
    change.comparison = true;
    return apply(std::move(change)).size();
  };
  apply(put(service("web")));
  apply(put(slice("l", "web", {endpoint("10.0.0.1", "a")})));
  apply(put(pod("a", {{"outrigger.dev/weight", "2"}})));
  apply(put(node("node-1", "x")));
  // Nothing is lost: nothing is counted, nothing comes out.
  EXPECT_EQ(compare(Kind::service, {service("web")}), 0u);
  EXPECT_EQ(compare(Kind::endpoint_slice, {slice("l", "web", {endpoint("10.0.0.1", "a")})}), 0u);
  EXPECT_EQ(compare(Kind::pod, {pod("a", {{"outrigger.dev/weight", "2"}}), pod("plain", {})}), 0u);
  EXPECT_EQ(compare(Kind::node, {node("node-1", "x"), node("node-2", "")}), 0u);
  EXPECT_EQ(
      reconciler_.repairs(),
      (std::map<Kind, std::uint64_t>{{Kind::service, 0}, {Kind::endpoint_slice, 0}, {Kind::pod, 0}, {Kind::node, 0}}));
  // A change, something new, something gone: of each kind.
  EXPECT_EQ(compare(Kind::endpoint_slice,
                    {slice("l", "web", {endpoint("10.0.0.2", "a")}), slice("m", "web", {endpoint("10.0.0.3")})}),
            1u);
  EXPECT_EQ(addresses(kWeb), "10.0.0.2:8080 10.0.0.3:8080");
  EXPECT_EQ(compare(Kind::endpoint_slice, {slice("m", "web", {endpoint("10.0.0.3")})}), 1u);
  compare(Kind::service, {service("web", {}, {80, 81}), service("api")});
  compare(Kind::pod, {pod("a", {}), pod("b", {{"outrigger.dev/tier", "1"}})});
  compare(Kind::node, {node("node-2", "y")});
  EXPECT_EQ(
      reconciler_.repairs(),
      (std::map<Kind, std::uint64_t>{{Kind::service, 2}, {Kind::endpoint_slice, 3}, {Kind::pod, 2}, {Kind::node, 2}}));
  // An ordinary list counts nothing.
  apply(all(Kind::service, {}));
  EXPECT_EQ(reconciler_.repairs().at(Kind::service), 2u);
}

TEST_F(ReconcilerTest, TellsABadAnnotationOnceAndCountsItWhileItIsThere) {
  sync();
  const model::Annotations bad{{"outrigger.dev/policy", "fastest"}};
  apply(put(service("web", bad)));
  ASSERT_EQ(problems_.size(), 1u);
  EXPECT_EQ(problems_[0].kind, Kind::service);
  EXPECT_EQ(problems_[0].object.text(), "shop/web");
  EXPECT_EQ(problems_[0].uid, "uid-web");
  EXPECT_EQ(problems_[0].error.key, "outrigger.dev/policy");
  EXPECT_EQ(sets_.at(kWeb).options, model::ServiceOptions{});
  EXPECT_EQ(reconciler_.invalid_annotations(), 1u);

  apply(put(service("web", bad, {80, 81})));
  apply(all(Kind::service, {service("web", bad)}));
  EXPECT_EQ(problems_.size(), 1u);
  apply(put(pod("a", {{"outrigger.dev/weight", "0"}, {"outrigger.dev/tier", "-1"}})));
  EXPECT_EQ(problems_.size(), 3u);
  EXPECT_EQ(reconciler_.invalid_annotations(), 3u);

  apply(gone(Kind::pod, "a"));
  apply(put(service("web")));
  EXPECT_EQ(reconciler_.invalid_annotations(), 0u);
  apply(put(service("web", bad)));
  EXPECT_EQ(problems_.size(), 4u);
  apply(gone(Kind::service, "web"));
  EXPECT_EQ(reconciler_.invalid_annotations(), 0u);
}

TEST_F(ReconcilerTest, TellsABadAnnotationOfANewObjectOfTheSameNameAgain) {
  sync();
  kube::Object web = service("web", {{"outrigger.dev/policy", "fastest"}});
  apply(put(web));
  std::get<model::Service>(web.value).uid = "another";
  apply(put(web));
  ASSERT_EQ(problems_.size(), 2u);
  EXPECT_EQ(problems_[1].uid, "another");
  EXPECT_EQ(mended_, std::vector<AnnotationProblem>{problems_[0]});
  EXPECT_EQ(reconciler_.invalid_annotations(), 1u);
}

TEST_F(ReconcilerTest, TellsWhichBadAnnotationsHaveBeenMended) {
  sync();
  apply(put(service("web", {{"outrigger.dev/policy", "fastest"}, {"outrigger.dev/retries", "-1"}})));
  apply(put(pod("a", {{"outrigger.dev/weight", "0"}, {"outrigger.dev/tier", "-1"}})));
  apply(put(pod("b", {{"outrigger.dev/weight", "0"}})));
  ASSERT_EQ(problems_.size(), 5u);
  EXPECT_TRUE(mended_.empty());
  const auto expect_mended = [&](const std::vector<std::size_t>& which) {
    std::vector<AnnotationProblem> expected;
    for (const std::size_t i : which) expected.push_back(problems_[i]);
    EXPECT_EQ(mended_, expected);
    mended_.clear();
  };
  // One of two; then the other, which has become another one.
  apply(put(service("web", {{"outrigger.dev/policy", "fastest"}})));
  expect_mended({problems_[0].error.key == "outrigger.dev/policy" ? 1u : 0u});
  apply(put(service("web", {{"outrigger.dev/policy", "slowest"}})));
  ASSERT_EQ(problems_.size(), 6u);
  expect_mended({problems_[0].error.key == "outrigger.dev/policy" ? 0u : 1u});
  // With its object, with what made its pod ours, and where a list has it no more.
  apply(gone(Kind::service, "web"));
  expect_mended({5});
  apply(put(pod("a", {})));
  expect_mended({2, 3});
  apply(all(Kind::pod, {}));
  expect_mended({4});
  EXPECT_EQ(problems_.size(), 6u);
  EXPECT_EQ(reconciler_.invalid_annotations(), 0u);
}

TEST_F(ReconcilerTest, TellsABadProtocolOnceForAllPorts) {
  sync();
  apply(put(service("web", {{"outrigger.dev/protocol", "http:80,ftp:81"}}, {80, 81, 82})));
  ASSERT_EQ(problems_.size(), 1u);
  EXPECT_EQ(problems_[0].error.key, "outrigger.dev/protocol");
  EXPECT_EQ(reconciler_.invalid_annotations(), 1u);
  ASSERT_EQ(sets_.size(), 3u);
  for (const auto& [port, set] : sets_) EXPECT_EQ(set.options.protocol, model::Protocol::automatic) << port.text();
}

TEST_F(ReconcilerTest, GivesEachPortItsProtocol) {
  sync();
  apply(put(service("web", {{"outrigger.dev/protocol", "grpc:81,tcp:82"}}, {80, 81, 82})));
  EXPECT_TRUE(problems_.empty());
  EXPECT_EQ(sets_.at(port_of("web", 80)).options.protocol, model::Protocol::automatic);
  EXPECT_EQ(sets_.at(port_of("web", 81)).options.protocol, model::Protocol::grpc);
  EXPECT_EQ(sets_.at(port_of("web", 82)).options.protocol, model::Protocol::tcp);
  EXPECT_EQ(apply(put(service("web", {{"outrigger.dev/protocol", "grpc:81"}}, {80, 81, 82}))).size(), 1u);
}

TEST_F(ReconcilerTest, FollowsTheAppProtocolOfSlicesAndOfTheService) {
  sync();
  kube::Object web = service("web", {{"outrigger.dev/protocol", "tcp"}});
  apply(put(web));
  EXPECT_EQ(sets_.at(kWeb).options.protocol, model::Protocol::tcp);
  kube::Object one = slice("web-1", "web", {endpoint("10.0.0.1")});
  std::get<kube::SliceGroup>(one.value).slices[0].ports[0].protocol = model::Protocol::http2;
  apply(put(one));
  EXPECT_EQ(sets_.at(kWeb).options.protocol, model::Protocol::http2);
  std::get<model::Service>(web.value).ports[0].protocol = model::Protocol::grpc;
  apply(put(web));
  EXPECT_EQ(sets_.at(kWeb).options.protocol, model::Protocol::grpc);
}

TEST_F(ReconcilerTest, TellsWhereAServiceIsDialled) {
  sync();
  kube::Object web = service("web");
  std::get<model::Service>(web.value).cluster_ips = {"10.96.0.7", "fd00::7"};
  apply(put(web));
  EXPECT_EQ(sets_.at(kWeb).addresses, (std::vector<std::string>{"10.96.0.7:80", "[fd00::7]:80"}));
  EXPECT_EQ(apply(put(service("web"))).size(), 1u);
  EXPECT_TRUE(sets_.at(kWeb).addresses.empty());
}

TEST_F(ReconcilerTest, LooksAtNoMoreServicesThanItIsAskedTo) {
  sync();
  reconciler_.apply(all(Kind::service, {service("a"), service("b"), service("c")}, 3));
  EXPECT_EQ(reconciler_.reconcile(2, kLate).size(), 2u);
  EXPECT_EQ(reconciler_.depth(), 1u);
  EXPECT_EQ(reconciler_.reconcile(2, kLate).size(), 1u);
  EXPECT_EQ(reconciler_.reconcile(2, kLate).size(), 0u);
}

TEST_F(ReconcilerTest, HoldsBackWhatASetOnlyGains) {
  sync();
  apply(put(service("web")), at(0));
  EXPECT_EQ(apply(put(slice("web-1", "web", {endpoint("10.0.0.1")}), 1), at(1)).size(), 1u)
      << "there was none to serve";
  EXPECT_EQ(reconciler_.next_due(), std::nullopt);
  const auto two = slice("web-2", "web", {endpoint("10.0.0.2")});
  const auto three = slice("web-3", "web", {endpoint("10.0.0.3")});
  EXPECT_TRUE(apply(put(two, 10), at(12)).empty());
  EXPECT_TRUE(apply(put(three, 40), at(41)).empty());
  EXPECT_EQ(reconciler_.next_due(), at(60)) << "the first counts";
  EXPECT_TRUE(look(at(59)).empty());
  const auto updates = look(at(60));
  ASSERT_EQ(updates.size(), 1u);
  EXPECT_EQ(updates[0].read_at, at(10));
  EXPECT_EQ(addresses(kWeb), "10.0.0.1:8080 10.0.0.2:8080 10.0.0.3:8080");
  EXPECT_EQ(reconciler_.next_due(), std::nullopt);
}

TEST_F(ReconcilerTest, NeverHoldsBackARemoval) {
  sync();
  apply(put(service("web")), at(0));
  apply(put(slice("web-1", "web", {endpoint("10.0.0.1"), endpoint("10.0.0.2")}), 0), at(0));
  EXPECT_TRUE(apply(put(slice("web-2", "web", {endpoint("10.0.0.3")}), 1), at(1)).empty());
  // With it comes what was held back.
  const auto updates = apply(put(slice("web-1", "web", {endpoint("10.0.0.1")}), 2), at(2));
  ASSERT_EQ(updates.size(), 1u);
  EXPECT_EQ(updates[0].read_at, at(1));
  EXPECT_EQ(addresses(kWeb), "10.0.0.1:8080 10.0.0.3:8080");
  EXPECT_EQ(reconciler_.next_due(), std::nullopt);

  model::SliceEndpoint leaving = endpoint("10.0.0.1");
  leaving.ready = false;
  leaving.terminating = leaving.serving = true;
  EXPECT_EQ(apply(put(slice("web-1", "web", {leaving}), 3), at(3)).size(), 1u) << "to drain is to be removed";
  EXPECT_EQ(apply(put(slice("web-2", "web", {endpoint("10.0.0.3", "another-pod")}), 4), at(4)).size(), 1u);
  EXPECT_EQ(apply(put(service("web", {{"outrigger.dev/policy", "random"}}), 5), at(5)).size(), 1u);
  EXPECT_EQ(apply(gone(Kind::service, "web", 6), at(6)).size(), 1u);
}

TEST_F(ReconcilerTest, WhatWasHeldBackAndTakenBackNeverComesOut) {
  sync();
  apply(put(service("web")), at(0));
  apply(put(slice("web-1", "web", {endpoint("10.0.0.1")}), 0), at(0));
  EXPECT_TRUE(apply(put(slice("web-2", "web", {endpoint("10.0.0.2")}), 1), at(1)).empty());
  EXPECT_TRUE(apply(gone(Kind::endpoint_slice, "web-2", 2), at(2)).empty());
  EXPECT_EQ(reconciler_.next_due(), std::nullopt);
  EXPECT_TRUE(look(kLate).empty());
}

}  // namespace
}  // namespace outrigger::op
