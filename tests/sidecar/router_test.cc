/// Which cluster a request goes to: splits, failover, and what health checks say of endpoints; and what a lease tells
/// of how a request went.
#include "sidecar/router.h"

#include <gtest/gtest.h>

#include <map>

#include "proxy.h"
#include "sidecar/lease.h"

namespace outrigger::sidecar::test {
namespace {

using balance::Standing;
using balance::Verdict;

model::ServicePort named(const std::string& name) { return {{"shop", name}, 80}; }

class Routers : public ::testing::Test {
 protected:
  using Counts = std::map<std::string, int>;

  model::EndpointSet& set(const std::string& name, const std::vector<std::string>& addresses) {
    model::EndpointSet& set = sets_[named(name)];
    set = {.service = named(name), .options = {}, .rules = model::own_cluster_rule(named(name)), .endpoints = {}};
    set.options.failback_delay = std::chrono::milliseconds(0);
    for (const std::string& address : addresses) set.endpoints.push_back(endpoint(address));
    return set;
  }
  void split(const std::vector<model::WeightedCluster>& clusters) { set("web", {}).rules[0].clusters = clusters; }
  void apply() {
    std::map<model::ServicePort, std::shared_ptr<const feed::FullSet>> full;
    for (const auto& [service, set] : sets_) {
      full[service] = std::make_shared<const feed::FullSet>(feed::FullSet{std::to_string(++version_), set});
    }
    router_.apply(*tables_.build(full));
  }
  Destination& destination(const std::string& name) { return *router_.destination(named(name)); }
  /// Where so many requests to "web" go.
  Counts route(int requests) {
    Counts counts;
    for (int i = 0; i < requests; ++i) {
      Destination* const found = router_.find(destination("web"), "/");
      ++counts[found == nullptr ? "none" : router_.carrier(*found).service.service.name];
    }
    return counts;
  }
  void probe(const std::string& name, const std::string& address, bool well) {
    router_.set_probed(named(name), address, well);
  }
  const BackendCells& cells(const std::string& name, std::size_t i = 0) {
    return tables_.current()->at(named(name)).backends[i]->cells[0];
  }
  Lease lease(const std::string& name) {
    Destination& one = destination(name);
    return {one, one.cluster.pick({.now = one.now(), .tried = {}})};
  }

  net::EventLoop loop_;
  balance::Random random_{1};
  TableBuilder tables_{1};
  std::map<model::ServicePort, model::EndpointSet> sets_;
  int version_ = 0;
  Router router_{0, random_, loop_};
};

TEST_F(Routers, SplitExactlyByWeightAndLeaveOutWeightZero) {
  split({{named("v1"), 90}, {named("v2"), 10}, {named("v3"), 0}});
  for (const char* name : {"v1", "v2", "v3"}) set(name, {"10.0.0.1:80"});
  apply();
  EXPECT_EQ(route(1'000), (Counts{{"v1", 900}, {"v2", 100}}));
  apply();
  EXPECT_EQ(route(1'000), (Counts{{"v1", 900}, {"v2", 100}})) << "a new table does not disturb the turns";
}

TEST_F(Routers, GiveTheShareOfASideThatHasNothingToTheOthersByTheirWeights) {
  split({{named("v1"), 50}, {named("v2"), 30}, {named("v3"), 20}});
  set("v1", {});
  set("v2", {"10.0.0.2:80"});
  set("v3", {"10.0.0.3:80"});
  apply();
  Counts counts = route(10'000);
  EXPECT_EQ(counts["v1"], 0);
  EXPECT_NEAR(counts["v2"], 6'000, 250);
  probe("v2", "10.0.0.2:80", false);
  EXPECT_EQ(route(1'000), (Counts{{"v3", 1'000}}));
  probe("v3", "10.0.0.3:80", false);
  counts = route(1'000);
  EXPECT_EQ(counts["v1"], 500) << "where no side has anything each keeps its turn";
}

TEST_F(Routers, CountASideThatFailsOverAsOneThatServes) {
  split({{named("v1"), 1}, {named("v2"), 1}});
  set("v1", {}).failover = {named("standby")};
  set("v2", {"10.0.0.2:80"});
  set("standby", {"10.0.0.3:80"});
  apply();
  EXPECT_EQ(route(100), (Counts{{"standby", 50}, {"v2", 50}}));
}

TEST_F(Routers, SpillToTheFailoverWhatTheClusterCannotCarry) {
  set("web", {"10.0.0.1:80", "10.0.0.2:80"}).failover = {named("missing"), named("s1"), named("s2")};
  set("s1", {"10.0.0.3:80"});
  set("s2", {"10.0.0.4:80"});
  apply();
  EXPECT_EQ(route(100), (Counts{{"web", 100}}));
  probe("web", "10.0.0.1:80", false);
  Counts counts = route(10'000);
  EXPECT_NEAR(counts["web"], 7'000, 200);
  EXPECT_EQ(counts["web"] + counts["s1"], 10'000);
  EXPECT_EQ(cells("web", 1).counts_for.value(), 700'000);
  probe("web", "10.0.0.2:80", false);
  EXPECT_EQ(route(100), (Counts{{"s1", 100}}));
  EXPECT_EQ(cells("web", 1).counts_for.value(), 0);
  EXPECT_EQ(destination("web").cells->panic.value(), 0);
  probe("s1", "10.0.0.3:80", false);
  EXPECT_EQ(route(100), (Counts{{"s2", 100}}));
  probe("s2", "10.0.0.4:80", false);
  EXPECT_EQ(route(100), (Counts{{"web", 100}}));
  probe("web", "10.0.0.1:80", true);
  probe("web", "10.0.0.2:80", true);
  EXPECT_EQ(route(100), (Counts{{"web", 100}}));
}

TEST_F(Routers, FailOverStrictlyOnlyWhenNothingIsLeft) {
  model::EndpointSet& web = set("web", {"10.0.0.1:80", "10.0.0.2:80"});
  web.failover = {named("standby")};
  web.options.failover_mode = model::FailoverMode::strict;
  set("standby", {"10.0.0.3:80"});
  apply();
  probe("web", "10.0.0.1:80", false);
  EXPECT_EQ(route(100), (Counts{{"web", 100}}));
  probe("web", "10.0.0.2:80", false);
  EXPECT_EQ(route(100), (Counts{{"standby", 100}}));
}

TEST_F(Routers, AClusterWithoutItsFailoverIsOnItsOwnAgain) {
  set("web", {"10.0.0.1:80"}).failover = {named("standby")};
  set("standby", {"10.0.1.1:80"});
  apply();
  probe("web", "10.0.0.1:80", false);
  EXPECT_EQ(route(10), (Counts{{"standby", 10}}));
  EXPECT_FALSE(destination("web").cluster.in_panic());
  sets_[named("web")].failover.clear();
  apply();
  EXPECT_EQ(route(10), (Counts{{"web", 10}}));
  EXPECT_TRUE(destination("web").cluster.in_panic()) << "nothing else carries its load";
  EXPECT_EQ(cells("web").counts_for.value(), 1'000'000);
}

TEST_F(Routers, SendWhatHasTriedAllThatIsWellToTheFailover) {
  set("web", {"10.0.0.1:80", "10.0.0.2:80"}).failover = {named("standby")};
  set("standby", {"10.0.0.3:80"});
  apply();
  probe("web", "10.0.0.2:80", false);
  Destination& web = destination("web");
  web.cluster.set_relieved(true);
  Destination& standby = destination("standby");
  const auto carries = [&](std::vector<balance::Backend*> tried) { return &router_.carrier(web, tried); };
  EXPECT_EQ(carries({web.cluster.backends()[0]}), &standby);
  EXPECT_EQ(carries({web.cluster.backends()[1], standby.cluster.backends()[0]}), &web);
  EXPECT_EQ(carries({web.cluster.backends()[0], standby.cluster.backends()[0]}), &web) << "all have been tried";
}

TEST_F(Routers, SendWhatHasTriedAllThatIsWellOnASideToAnother) {
  split({{named("v1"), 1}, {named("v2"), 1}});
  set("v1", {"10.0.0.1:80", "10.0.0.2:80"});
  set("v2", {"10.0.0.3:80"});
  apply();
  probe("v1", "10.0.0.2:80", false);
  std::vector<balance::Backend*> tried = {destination("v1").cluster.backends()[0]};
  EXPECT_TRUE(Router::can_serve(destination("v1")));
  EXPECT_FALSE(Router::can_serve(destination("v1"), tried));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(router_.find(destination("web"), "/", tried)->service, named("v2"));
}

TEST_F(Routers, ShowWhatHealthChecksHaveFound) {
  set("web", {"10.0.0.1:80", "10.0.0.2:80"});
  apply();
  probe("web", "10.0.0.2:80", false);
  probe("web", "10.0.0.9:80", false);  // no such endpoint
  probe("other", "10.0.0.1:80", false);
  EXPECT_EQ(cells("web", 0).standing.value(), static_cast<std::int64_t>(Standing::ready));
  EXPECT_EQ(cells("web", 1).standing.value(), static_cast<std::int64_t>(Standing::unhealthy));
  probe("web", "10.0.0.1:80", false);
  EXPECT_EQ(destination("web").cells->panic.value(), 1);
  probe("web", "10.0.0.1:80", true);
  probe("web", "10.0.0.2:80", true);
  EXPECT_EQ(destination("web").cells->panic.value(), 0);
  EXPECT_EQ(cells("web", 1).standing.value(), static_cast<std::int64_t>(Standing::ready));
}

TEST_F(Routers, LetASideThatCannotBeReachedBackInByOneRequest) {
  split({{named("v1"), 1}, {named("v2"), 1}});
  set("v1", {"10.0.0.1:80"}).options.outlier_ejection = std::chrono::milliseconds(100);
  set("v2", {"10.0.0.2:80"});
  apply();
  lease("v1").finish(Outcome::connect_failure);
  EXPECT_EQ(route(100), (Counts{{"v2", 100}}));
  // The ejection ends by the loop's clock.
  net::Timer over(loop_, [this] { loop_.stop(); });
  over.set(std::chrono::milliseconds(130));
  loop_.run();
  EXPECT_EQ(router_.find(destination("web"), "/")->service, named("v1"));
  Lease trial = lease("v1");
  EXPECT_EQ(route(100), (Counts{{"v2", 100}})) << "while it is under way there is no other";
  trial.answered();
  EXPECT_EQ(route(100), (Counts{{"v1", 50}, {"v2", 50}}));
  trial.finish(Outcome::success);
}

TEST(Verdicts, AreWhatAnOutcomeSaysOfTheEndpoint) {
  EXPECT_EQ(verdict_of(Outcome::success), Verdict::good);
  EXPECT_EQ(verdict_of(Outcome::connect_failure), Verdict::not_connected);
  for (const Outcome outcome : {Outcome::server_error, Outcome::reset, Outcome::invalid, Outcome::timeout}) {
    EXPECT_EQ(verdict_of(outcome), Verdict::bad);
  }
  EXPECT_EQ(verdict_of(Outcome::cancelled), Verdict::unknown);
}

TEST_F(Routers, EjectByTheVerdictsOfLeasesAndCountThem) {
  model::ServiceOptions& options = set("web", {"10.0.0.1:80", "10.0.0.2:80"}).options;
  options.policy = model::PolicyKind::round_robin;
  options.outlier_failures = 3;
  apply();
  Lease first = lease("web");
  balance::Backend& backend = first.backend();
  const std::size_t index = backend.endpoint.address == "10.0.0.1:80" ? 0 : 1;
  std::vector<Lease> leases;  // of the same endpoint
  leases.push_back(std::move(first));
  while (leases.size() < 6) {
    Lease next = lease("web");
    if (&next.backend() == &backend) {
      leases.push_back(std::move(next));
    } else {
      next.finish(Outcome::success);
    }
  }
  EXPECT_EQ(cells("web", index).in_flight.value(), 6);
  leases[0].finish(Outcome::server_error);
  leases[1].finish(Outcome::reset, Verdict::unknown);
  leases[2].give_back();
  leases[3].finish(Outcome::cancelled);
  leases[4].finish(Outcome::timeout);
  EXPECT_EQ(backend.standing(), Standing::ready);
  leases[5].finish(Outcome::invalid);
  EXPECT_EQ(backend.standing(), Standing::ejected);
  EXPECT_EQ(cells("web", index).standing.value(), static_cast<std::int64_t>(Standing::ejected));
  EXPECT_EQ(cells("web", index).counts_for.value(), 0);
  EXPECT_EQ(cells("web", index).ejections[static_cast<std::size_t>(health::Reason::failures)].value(), 1u);
  EXPECT_EQ(cells("web", index).in_flight.value(), 0);
  for (const Outcome outcome :
       {Outcome::server_error, Outcome::reset, Outcome::cancelled, Outcome::timeout, Outcome::invalid}) {
    EXPECT_EQ(cells("web", index).outcomes[static_cast<std::size_t>(outcome)].value(), 1u);
  }
  EXPECT_EQ(cells("web", index).outcomes[static_cast<std::size_t>(Outcome::success)].value(), 0u);
}

}  // namespace
}  // namespace outrigger::sidecar::test
