/// What a scenario does to its backends, and how sidecars take it.
#include <gtest/gtest.h>

#include "simulate/worlds.h"

namespace outrigger::simulate {
namespace {

constexpr std::uint64_t kSeed = 9;

TEST(Down, LosesWhatIsInItAndTakesNoConnections) {
  Scenario scenario = open_world(4, 1'000, 20s);
  for (BackendSpec& backend : scenario.backends) backend.service = Constant{2e6};
  scenario.options.retries = 0;
  scenario.events = {event(4s, Action::down, {0}, 4s)};
  const Outcome outcome = simulate(scenario, PolicyKind::round_robin, kSeed);
  // At most what was in it fails: nobody could take connections, so other backends were tried.
  EXPECT_LE(outcome.failed(), 5u);
  EXPECT_EQ(outcome.failed(), failures(outcome, Failure::reset));
  EXPECT_GT(outcome.retries, 0u);
  EXPECT_GT(outcome.ejections, 0u);
  EXPECT_EQ(tries(outcome, 6, 0), 0u);
  EXPECT_NEAR(tries(outcome, 2, 0), 250, 60);
  EXPECT_NEAR(tries(outcome, 17, 0), 250, 60);
}

TEST(Down, IsSurvivedWithoutALossWhereRetriesAreAllowed) {
  Scenario scenario = open_world(4, 2'000, 10s);
  scenario.events = {event(4s, Action::down, {0}, 4s)};
  const Outcome outcome = simulate(scenario, PolicyKind::round_robin, kSeed);
  EXPECT_EQ(outcome.failed(), 0u);
}

TEST(Down, OfAllIsAFailureAfterThreeConnections) {
  Scenario scenario = open_world(4, 100, 4s);
  scenario.events = {event(2s, Action::down, {0, 1, 2, 3})};
  const Outcome outcome = simulate(scenario, PolicyKind::round_robin, kSeed);
  EXPECT_NEAR(static_cast<double>(failures(outcome, Failure::not_connected)), 200, 40);
  EXPECT_NEAR(static_cast<double>(outcome.retries), 2 * 200, 90);
}

TEST(Stall, HoldsWhatIsInItAndLosesNothing) {
  Scenario scenario = open_world(1, 100, 10s);
  scenario.backends[0].service = Constant{1e6};
  scenario.events = {event(4s, Action::stall, {0}, 2s)};
  const Outcome outcome = simulate(scenario, PolicyKind::round_robin, kSeed);
  EXPECT_EQ(outcome.failed(), 0u);
  EXPECT_NEAR(static_cast<double>(outcome.latency.max().count()), 2e9, 0.1e9);
  EXPECT_EQ(outcome.seconds[5].good, 0u);
  EXPECT_NEAR(outcome.max_in_flight(), 200, 40);
}

TEST(Stall, WithoutEndLeavesRequestsUnfinished) {
  Scenario scenario = open_world(1, 100, 10s);
  scenario.events = {event(5s, Action::stall, {0})};
  const Outcome outcome = simulate(scenario, PolicyKind::round_robin, kSeed);
  EXPECT_NEAR(static_cast<double>(failures(outcome, Failure::unfinished)), 500, 70);
}

TEST(Fail, AnswersBadlyAShareOfTheRequests) {
  Scenario scenario = open_world(1, 1'000, 10s);
  scenario.backends[0].workers = 0;
  scenario.options.outlier_failures = 0;
  scenario.events = {event(0s, Fail{.share = 0.3, .after = 1ms}, {0})};
  const Outcome outcome = simulate(scenario, PolicyKind::round_robin, kSeed);
  EXPECT_NEAR(outcome.success_rate(), 0.7, 0.02);
  EXPECT_EQ(failures(outcome, Failure::bad_answer), outcome.failed());
  EXPECT_EQ(outcome.retries, 0u);
}

TEST(Fail, IsTriedElsewhereWhenAskedWithinTheBudget) {
  Scenario scenario = open_world(2, 1'000, 30s);
  scenario.options.outlier_failures = 0;
  scenario.options.retry_on.service_unavailable = true;
  scenario.options.retries = 1;
  scenario.options.retry_budget_percent = 20;
  for (BackendSpec& backend : scenario.backends) backend.workers = 0;
  scenario.events = {event(0s, Fail{.share = 0.1}, {0})};
  EXPECT_EQ(simulate(scenario, PolicyKind::round_robin, kSeed).failed(), 0u);
  // Half of the requests fail, a fifth of them may be tried again.
  scenario.events = {event(0s, Fail{.share = 1}, {0})};
  const Outcome outcome = simulate(scenario, PolicyKind::random, kSeed);
  EXPECT_NEAR(static_cast<double>(outcome.retries) / static_cast<double>(outcome.requests), 0.21, 0.02);
  EXPECT_NEAR(outcome.success_rate(), 0.71, 0.03);
}

TEST(Set, WhoJoinsIsNotThereBefore) {
  Scenario scenario = open_world(3, 900, 10s);
  scenario.update_delay = 500ms;
  scenario.events = {event(4s, Action::join, {2})};
  const Outcome outcome = simulate(scenario, PolicyKind::round_robin, kSeed);
  EXPECT_EQ(outcome.failed(), 0u);
  EXPECT_EQ(tries(outcome, 3, 2), 0u);
  EXPECT_NEAR(tries(outcome, 4, 2), 150, 40);  // the sidecars have been told in the middle of that second
  EXPECT_NEAR(tries(outcome, 6, 2), 300, 60);
}

TEST(Set, WhoLeavesFinishesWhatItHas) {
  Scenario scenario = open_world(3, 900, 10s);
  scenario.events = {event(4s, Action::leave, {2}, 3s)};
  const Outcome outcome = simulate(scenario, PolicyKind::round_robin, kSeed);
  EXPECT_EQ(outcome.failed(), 0u);
  EXPECT_EQ(tries(outcome, 5, 2), 0u);
  EXPECT_NEAR(tries(outcome, 8, 2), 300, 60);
}

TEST(Set, ThatIsEmptyFailsRequestsAtOnce) {
  Scenario scenario = open_world(1, 1'000, 4s);
  scenario.events = {event(2s, Action::join, {0})};
  const Outcome outcome = simulate(scenario, PolicyKind::round_robin, kSeed);
  EXPECT_NEAR(static_cast<double>(failures(outcome, Failure::no_endpoint)), 2'000, 200);
  EXPECT_EQ(outcome.failed(), failures(outcome, Failure::no_endpoint));
}

TEST(ServiceTime, CountsForWhatComesWhileItLasts) {
  Scenario scenario = open_world(1, 100, 10s);
  scenario.backends[0] = {.workers = 0, .service = Constant{1e6}, .zone = {}};
  scenario.events = {event(2s, ServiceTime{Constant{5e9}}, {0}, 1s)};
  const Outcome outcome = simulate(scenario, PolicyKind::round_robin, kSeed);
  EXPECT_EQ(outcome.latency.max(), 5s);
  EXPECT_NEAR(static_cast<double>(outcome.latency.mean().count()), 0.5e9, 0.1e9);
}

TEST(Antagonist, GivesSpeedsBetweenItsBounds) {
  Scenario scenario = open_world(1, 200, 60s);
  scenario.backends[0] = {.workers = 0, .service = Constant{10e6}, .zone = {}};
  scenario.events = {event(0s, Antagonist{.low = 0.5, .high = 2, .holds = 1s}, {0}, 30s)};
  const Outcome outcome = simulate(scenario, PolicyKind::round_robin, kSeed);
  EXPECT_LE(outcome.latency.max(), 20ms);
  EXPECT_GT(outcome.latency.max(), 15ms);
  EXPECT_LT(outcome.latency.quantile(0.1), 8ms);
  EXPECT_EQ(outcome.seconds[50].p99, 10ms);
}

TEST(RateEvent, ChangesTheLoadForAsLongAsItLasts) {
  Scenario scenario = open_world(4, 500, 9s);
  scenario.events = {{.at = 3s, .lasts = 3s, .change = Rate{2'000}, .backends = {}}};
  const Outcome outcome = simulate(scenario, PolicyKind::round_robin, kSeed);
  EXPECT_NEAR(static_cast<double>(outcome.seconds[1].good), 500, 120);
  EXPECT_NEAR(static_cast<double>(outcome.seconds[4].good), 2'000, 250);
  EXPECT_NEAR(static_cast<double>(outcome.seconds[8].good), 500, 120);
}

TEST(Every, HappensAgainToOneOfThemEachTime) {
  Scenario scenario = open_world(4, 400, 60s);
  scenario.events = {event(1s, Action::stall, {0, 1, 2, 3}, 500ms)};
  scenario.events[0].every = 2s;
  scenario.events[0].one_of_them = true;
  const Outcome outcome = simulate(scenario, PolicyKind::round_robin, kSeed);
  for (const BackendOutcome& backend : outcome.backends) EXPECT_GT(backend.max_in_flight, 20u);
  for (const BackendOutcome& backend : outcome.backends) EXPECT_LT(backend.max_in_flight, 110u);
}

TEST(Zones, AreKeptToWhereTheyArePreferred) {
  Scenario scenario = open_world(4, 400, 10s);
  scenario.options.zone_aware = model::ZoneAware::prefer;
  for (std::size_t i = 0; i < 4; ++i) scenario.backends[i].zone = i < 2 ? "a" : "b";
  scenario.sidecar_zones.assign(2, "a");
  const Outcome outcome = simulate(scenario, PolicyKind::round_robin, kSeed);
  EXPECT_EQ(outcome.backends[2].tries + outcome.backends[3].tries, 0u);
  EXPECT_EQ(outcome.backends[0].tries + outcome.backends[1].tries, outcome.requests);
}

TEST(Tiers, StepInWhenTheFirstIsDown) {
  Scenario scenario = open_world(4, 400, 10s);
  for (std::size_t i = 2; i < 4; ++i) scenario.backends[i].tier = 1;
  scenario.events = {event(5s, Action::down, {0, 1})};
  const Outcome outcome = simulate(scenario, PolicyKind::round_robin, kSeed);
  EXPECT_EQ(tries(outcome, 3, 2) + tries(outcome, 3, 3), 0u);
  EXPECT_NEAR(tries(outcome, 8, 2) + tries(outcome, 8, 3), 400, 80);
}

}  // namespace
}  // namespace outrigger::simulate
