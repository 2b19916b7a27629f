#include "simulate/engine.h"

#include <gtest/gtest.h>

#include "simulate/worlds.h"

namespace outrigger::simulate {
namespace {

constexpr std::uint64_t kSeed = 5;

TEST(Engine, RepeatsFromItsSeed) {
  Scenario scenario = open_world(4, 2'000, 10s);
  scenario.sidecar_zones.assign(5, "");
  scenario.load.patience = 20ms;
  scenario.network_delay = 100us;
  scenario.update_delay = 50ms;
  scenario.events = {event(1s, Action::stall, {0, 1, 2, 3}, 500ms),
                     event(2s, Fail{.share = 0.5, .after = 1ms}, {1}, 3s),
                     event(3s, Antagonist{.low = 0.3, .high = 2, .holds = 100ms}, {0, 2}),
                     event(4s, Action::down, {3}, 1s), event(6s, Action::leave, {2}, 1s)};
  scenario.events[0].every = 2s;
  scenario.events[0].one_of_them = true;
  for (const auto policy : {PolicyKind::round_robin, PolicyKind::least_connections, PolicyKind::response_time}) {
    const Outcome first = simulate(scenario, policy, kSeed);
    const Outcome second = simulate(scenario, policy, kSeed);
    EXPECT_EQ(first.events, second.events);
    EXPECT_EQ(first.failures, second.failures);
    EXPECT_EQ(first.retries, second.retries);
    EXPECT_EQ(first.latency.mean(), second.latency.mean());
    EXPECT_EQ(first.latency.max(), second.latency.max());
    EXPECT_EQ(first.at_least, second.at_least);
    EXPECT_NE(first.latency.mean(), simulate(scenario, policy, kSeed + 1).latency.mean());
  }
}

TEST(Engine, EveryPolicyMeetsTheSameRequests) {
  Scenario scenario = open_world(3, 500, 20s);
  for (BackendSpec& backend : scenario.backends) backend.workers = 0;
  const Outcome one = simulate(scenario, PolicyKind::round_robin, kSeed);
  const Outcome other = simulate(scenario, PolicyKind::random, kSeed);
  EXPECT_EQ(one.requests, other.requests);
  // Nobody waits, so each takes as long whoever serves it.
  EXPECT_EQ(one.latency.mean(), other.latency.mean());
  EXPECT_EQ(one.latency.max(), other.latency.max());
}

TEST(Engine, CountsEachRequestOnce) {
  const Outcome outcome = simulate(open_world(2, 1'000, 10s), PolicyKind::round_robin, kSeed);
  EXPECT_NEAR(static_cast<double>(outcome.requests), 10'000, 400);
  EXPECT_EQ(outcome.failed(), 0u);
  EXPECT_EQ(outcome.latency.count(), outcome.requests);
  EXPECT_EQ(outcome.backends[0].tries + outcome.backends[1].tries, outcome.requests);
  EXPECT_EQ(outcome.success_rate(), 1);
  ASSERT_EQ(outcome.seconds.size(), 10u);
}

TEST(Engine, MeasuresOnlyAfterTheWarmUp) {
  Scenario scenario = open_world(1, 500, 10s);
  scenario.warm_up = 5s;
  scenario.events = {event(0s, Fail{.share = 1}, {0}, 5s)};
  scenario.options.outlier_failures = 0;
  const Outcome outcome = simulate(scenario, PolicyKind::round_robin, kSeed);
  EXPECT_NEAR(static_cast<double>(outcome.requests), 2'500, 200);
  EXPECT_EQ(outcome.failed(), 0u);
  EXPECT_GT(outcome.seconds[2].failed, 400u);
}

TEST(Engine, NetworkDelayIsPartOfTheLatency) {
  Scenario scenario = open_world(1, 100, 5s);
  scenario.backends[0].workers = 0;
  scenario.backends[0].service = Constant{10e6};
  scenario.network_delay = 3ms;
  const Outcome outcome = simulate(scenario, PolicyKind::round_robin, kSeed);
  EXPECT_EQ(outcome.latency.max(), 16ms);
  EXPECT_EQ(outcome.latency.mean(), 16ms);
}

TEST(Engine, ASlowerBackendTakesLonger) {
  Scenario scenario = open_world(2, 100, 5s);
  for (BackendSpec& backend : scenario.backends) backend = {.workers = 0, .service = Constant{10e6}, .zone = {}};
  scenario.backends[1].speed = 0.1;
  const Outcome outcome = simulate(scenario, PolicyKind::round_robin, kSeed);
  EXPECT_EQ(outcome.latency.max(), 100ms);
  EXPECT_NEAR(static_cast<double>(outcome.latency.mean().count()), 55e6, 1e6);
}

TEST(Engine, SidecarsShareTheLoadAndKnowOnlyTheirOwn) {
  Scenario scenario = open_world(4, 2'000, 5s);
  scenario.sidecar_zones.assign(200, "");
  // Ten requests each, one at a time: for each all backends are idle, so all that is left is chance.
  const Outcome many = simulate(scenario, PolicyKind::least_connections, kSeed);
  scenario.sidecar_zones.assign(1, "");
  const Outcome one = simulate(scenario, PolicyKind::least_connections, kSeed);
  EXPECT_GT(many.latency.mean(), one.latency.mean() * 1.2);
}

TEST(Patience, EndsARequestThatTakesTooLong) {
  Scenario scenario = open_world(1, 100, 5s);
  scenario.backends[0] = {.workers = 0, .service = Bimodal{.usual = 10e6, .rare = 1e9, .rare_share = 0.5}, .zone = {}};
  scenario.load.patience = 200ms;
  const Outcome outcome = simulate(scenario, PolicyKind::round_robin, kSeed);
  EXPECT_NEAR(outcome.success_rate(), 0.5, 0.1);
  EXPECT_EQ(failures(outcome, Failure::gave_up), outcome.failed());
  EXPECT_EQ(outcome.latency.max(), 200ms);
  // Nobody tells the backend.
  EXPECT_NEAR(outcome.mean_in_flight(), 100 * 0.505, 7);
}

TEST(Patience, OfTheSidecarIsItsTimeout) {
  Scenario scenario = open_world(1, 100, 5s);
  scenario.backends[0] = {.workers = 0, .service = Constant{1e9}, .zone = {}};
  scenario.load.patience = 500ms;
  scenario.options.timeout = 200ms;
  const Outcome outcome = simulate(scenario, PolicyKind::round_robin, kSeed);
  EXPECT_EQ(failures(outcome, Failure::timed_out), outcome.requests);
  EXPECT_EQ(outcome.latency.max(), 200ms);
}

TEST(Goal, CountsWhatIsLateAsFailed) {
  Scenario scenario = open_world(1, 100, 5s);
  scenario.backends[0] = {.workers = 0, .service = Bimodal{.usual = 10e6, .rare = 1e9, .rare_share = 0.5}, .zone = {}};
  scenario.goal = 200ms;
  const Outcome outcome = simulate(scenario, PolicyKind::round_robin, kSeed);
  EXPECT_NEAR(outcome.success_rate(), 0.5, 0.1);
  EXPECT_EQ(failures(outcome, Failure::late), outcome.failed());
  EXPECT_EQ(outcome.latency.max(), 1s);
}

TEST(ClosedLoad, ComesBackSoonAfterAFailureButNotAtOnce) {
  Scenario scenario = open_world(1, 0, 1s);
  scenario.load.clients = 1;
  scenario.options.outlier_failures = 0;
  scenario.events = {event(0s, Fail{.share = 1}, {0})};
  const Outcome outcome = simulate(scenario, PolicyKind::round_robin, kSeed);
  EXPECT_NEAR(static_cast<double>(outcome.requests), 1'000, 5);
}

}  // namespace
}  // namespace outrigger::simulate
