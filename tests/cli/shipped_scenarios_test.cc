/// What the shipped scenarios show, as outrigger simulate does: the literature's figures, and ours.
#include <gtest/gtest.h>

#include <map>

#include "cli/scenario_file.h"
#include "cli/simulate_command.h"
#include "simulate/engine.h"
#include "yaml/fields.h"

namespace outrigger::cli {
namespace {

using model::PolicyKind;
using simulate::Outcome;

std::string path_of(const std::string& name) { return std::string(OUTRIGGER_SCENARIOS) + "/" + name + ".yaml"; }

std::map<PolicyKind, Outcome> outcomes_of(const std::string& name) {
  const auto scenario = parse_scenario(yaml::read_file(path_of(name)).value(), name);
  EXPECT_TRUE(scenario);
  std::map<PolicyKind, Outcome> outcomes;
  for (const PolicyKind policy : scenario->policies) {
    outcomes[policy] = simulate::simulate(*scenario, policy, scenario->seed);
  }
  return outcomes;
}

TEST(PeakEwma2016, GivesTheOrderAndTheFiguresThatWerePublished) {
  const auto outcomes = outcomes_of("peak-ewma-2016");
  const double round_robin = outcomes.at(PolicyKind::round_robin).success_rate();
  const double least_connections = outcomes.at(PolicyKind::least_connections).success_rate();
  const double response_time = outcomes.at(PolicyKind::response_time).success_rate();
  EXPECT_NEAR(round_robin, 0.95, 0.01);  // 95 %
  EXPECT_GE(least_connections, 0.99);    // 99 %
  EXPECT_LT(least_connections, 0.998);
  EXPECT_GE(response_time, 0.998);  // 99.9 %
  EXPECT_LT(round_robin, least_connections);
  EXPECT_LT(least_connections, response_time);
}

TEST(PeakEwma2016, IsWonAlsoWhereClientsGiveUp) {
  const auto outcomes = outcomes_of("peak-ewma-2016-giving-up");
  EXPECT_LT(outcomes.at(PolicyKind::least_connections).success_rate(), 0.995);
  EXPECT_GE(outcomes.at(PolicyKind::response_time).success_rate(), 0.998);
}

TEST(SlowOneOfFour, ResponseTimeHasAThirdOfLeastConnectionsP99) {
  for (const char* name : {"slow-one-of-four", "slow-one-of-four-eight-sidecars"}) {
    const auto outcomes = outcomes_of(name);
    const auto p99 = [&](PolicyKind policy) { return outcomes.at(policy).latency.quantile(0.99); };
    EXPECT_LT(p99(PolicyKind::response_time) * 3, p99(PolicyKind::least_connections)) << name;
    EXPECT_LT(p99(PolicyKind::least_connections) * 10, p99(PolicyKind::round_robin)) << name;
  }
}

TEST(NowAndThen, OneBadOrSlowAnswerCostsResponseTimeLittle) {
  for (const char* name : {"errors-now-and-then", "slow-now-and-then"}) {
    const auto outcomes = outcomes_of(name);
    const auto p99 = [&](PolicyKind policy) { return outcomes.at(policy).latency.quantile(0.99); };
    EXPECT_LT(p99(PolicyKind::response_time), p99(PolicyKind::least_connections) * 5 / 4) << name;
  }
}

TEST(Sinkhole, ResponseTimeKeepsAwayFromItWithoutAnyEjection) {
  const auto outcomes = outcomes_of("fast-failing-sinkhole-without-ejection");
  EXPECT_LT(outcomes.at(PolicyKind::least_connections).success_rate(), 0.95);
  EXPECT_GT(outcomes.at(PolicyKind::response_time).success_rate(), 0.999);
}

TEST(SimulateCommand, PrintsTheSameTextForTheSameSeed) {
  SimulateCommand command{.scenario = path_of("scale-3-to-4"), .policies = "least-connections,response-time"};
  const auto first = run(command);
  ASSERT_TRUE(first) << first.error().text;
  EXPECT_EQ(run(command).value(), *first);
  EXPECT_NE(first->find("least-connections"), std::string::npos);
  command.seed = 2;
  EXPECT_NE(run(command).value(), *first);
  command.json = true;
  EXPECT_EQ(run(command).value(), run(command).value());
}

TEST(SimulateCommand, SaysWhatIsWrong) {
  EXPECT_EQ(run({.scenario = "/none.yaml", .policies = ""}).error().text,
            "/none.yaml: cannot be read: No such file or directory");
  EXPECT_TRUE(run({.scenario = path_of("stall"), .policies = "best"})
                  .error()
                  .text.starts_with("--policy: 'best' is not allowed; allowed: round-robin, "));
}

}  // namespace
}  // namespace outrigger::cli
