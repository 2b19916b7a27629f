/// The simulator against what queueing theory knows exactly.
#include <gtest/gtest.h>

#include <cmath>

#include "simulate/worlds.h"

namespace outrigger::simulate {
namespace {

constexpr std::uint64_t kSeed = 11;

class SingleQueue : public testing::TestWithParam<double> {};

TEST_P(SingleQueue, OfOneWorkerIsAsLongAsMM1) {
  const double rho = GetParam();
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  Scenario scenario = open_world(1, rho * 1'000, kSanitized ? 100s : 900s);
  scenario.warm_up = 10s;
  const Outcome outcome = simulate(scenario, PolicyKind::round_robin, kSeed);
  EXPECT_NEAR(outcome.mean_in_flight() / (rho / (1 - rho)), 1, kSanitized ? 0.15 : 0.05);
  // How long it takes is exponential with the mean 1 / (mu - lambda).
  const double mean_ns = 1e9 / (1'000 - rho * 1'000);
  EXPECT_NEAR(static_cast<double>(outcome.latency.mean().count()) / mean_ns, 1, kSanitized ? 0.15 : 0.05);
  EXPECT_NEAR(static_cast<double>(outcome.latency.quantile(0.99).count()) / (mean_ns * std::log(100)), 1,
              kSanitized ? 0.25 : 0.1);
  for (int k = 0; k < 6; ++k) {
    EXPECT_NEAR(outcome.at_least.at(static_cast<std::size_t>(k)), std::pow(rho, k), kSanitized ? 0.05 : 0.02) << k;
  }
}

INSTANTIATE_TEST_SUITE_P(Loads, SingleQueue, testing::Values(0.3, 0.7, 0.85));

/// Erlang's C: the chance that a request waits with c workers.
double erlang_c(std::uint32_t c, double rho) {
  double term = 1;  // (c rho)^k / k!
  double sum = 0;
  for (std::uint32_t k = 0; k < c; ++k) {
    sum += term;
    term *= c * rho / (k + 1);
  }
  return term / (1 - rho) / (sum + term / (1 - rho));
}

class ManyWorkers : public testing::TestWithParam<std::uint32_t> {};

TEST_P(ManyWorkers, HaveAQueueAsLongAsMMc) {
  const std::uint32_t c = GetParam();
  constexpr double kRho = 0.8;
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  Scenario scenario = open_world(1, c * kRho * 1'000, (kSanitized ? 100s : 600s) / c);
  scenario.warm_up = 5s;
  scenario.backends[0].workers = c;
  const Outcome outcome = simulate(scenario, PolicyKind::round_robin, kSeed);
  const double expected = c * kRho + erlang_c(c, kRho) * kRho / (1 - kRho);
  EXPECT_NEAR(outcome.mean_in_flight() / expected, 1, kSanitized ? 0.15 : 0.05);
}

INSTANTIATE_TEST_SUITE_P(Workers, ManyWorkers, testing::Values(2u, 4u, 16u));

TEST(Queue, WithoutWorkersHoldsWhatLittleSays) {
  Scenario scenario = open_world(1, 1'000, 60s);
  scenario.warm_up = 5s;
  scenario.backends[0].workers = 0;
  scenario.backends[0].service = Lognormal{.median = 167e6, .sigma = 0.03};
  const Outcome outcome = simulate(scenario, PolicyKind::round_robin, kSeed);
  EXPECT_NEAR(outcome.mean_in_flight(), 1'000 * 0.167, 3);
}

TEST(ClosedLoad, SendsWhatItsClientsCan) {
  Scenario scenario = open_world(1, 0, 60s);
  scenario.backends[0].workers = 0;
  scenario.backends[0].service = Constant{10e6};
  scenario.load.clients = 50;
  scenario.load.think = Exponential{40e6};
  const Outcome outcome = simulate(scenario, PolicyKind::round_robin, kSeed);
  // The interactive response time law: X = N / (R + Z).
  EXPECT_NEAR(static_cast<double>(outcome.requests) / 60, 50 / 0.05, 20);
}

/// Mitzenmacher's limit for two choices: rho^(2^k - 1) of the queues have k or more.
class Supermarket : public testing::TestWithParam<double> {};

TEST_P(Supermarket, TwoChoicesMakeQueuesAsShortAsTheModel) {
  const double rho = GetParam();
  constexpr std::uint32_t kServers = 500;
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  Scenario scenario = open_world(kServers, kServers * rho * 1'000, kSanitized ? 2s : 4s);
  scenario.warm_up = 1s;
  const Outcome outcome = simulate(scenario, PolicyKind::least_connections, kSeed);
  double expected = 0;
  for (int k = 1; k < 12; ++k) expected += std::pow(rho, std::pow(2, k) - 1);
  EXPECT_NEAR(outcome.mean_in_flight() / expected, 1, 0.05);
  for (int k = 1; k < 5; ++k) {
    EXPECT_NEAR(outcome.at_least.at(static_cast<std::size_t>(k)), std::pow(rho, std::pow(2, k) - 1), 0.02) << k;
  }
}

INSTANTIATE_TEST_SUITE_P(Loads, Supermarket, testing::Values(0.7, 0.9, 0.95));

TEST(RandomChoice, IsManyIndependentQueues) {
  constexpr double kRho = 0.7;
  constexpr std::uint32_t kServers = 100;
  Scenario scenario = open_world(kServers, kServers * kRho * 1'000, kSanitized ? 3s : 10s);
  scenario.warm_up = 1s;
  const Outcome outcome = simulate(scenario, PolicyKind::random, kSeed);
  EXPECT_NEAR(outcome.mean_in_flight() / (kRho / (1 - kRho)), 1, 0.05);
}

}  // namespace
}  // namespace outrigger::simulate
