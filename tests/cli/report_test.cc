#include "cli/report.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/plot.h"
#include "simulate/engine.h"

namespace outrigger::cli {
namespace {

using namespace std::chrono_literals;
using model::PolicyKind;
using simulate::Outcome;
using simulate::Scenario;

Scenario four_backends() {
  Scenario scenario;
  scenario.duration = 3s;
  scenario.load.rate = 1'000;
  scenario.backends.assign(4, {.workers = 1, .service = simulate::Exponential{1e6}, .zone = {}});
  return scenario;
}

std::vector<Rounds> rounds_of(const Scenario& scenario, std::uint64_t rounds) {
  std::vector<Rounds> results;
  for (const PolicyKind policy : {PolicyKind::random, PolicyKind::least_connections}) {
    results.push_back({.policy = policy, .outcomes = {}});
    for (std::uint64_t seed = 1; seed <= rounds; ++seed) {
      results.back().outcomes.push_back(simulate::simulate(scenario, policy, seed));
    }
  }
  return results;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

TEST(Table, HasALineAPolicyUnderAHeading) {
  const Scenario scenario = four_backends();
  const auto lines = lines_of(table_text(scenario, rounds_of(scenario, 1)));
  ASSERT_EQ(lines.size(), 7u);
  EXPECT_EQ(lines[0],
            "4 backends, 1 sidecar, 3 s, seed 1; 1000 requests/s are 25 % of what the backends can do undisturbed");
  EXPECT_TRUE(lines[2].starts_with("policy  ")) << lines[2];
  EXPECT_TRUE(lines[3].starts_with("random  ")) << lines[3];
  EXPECT_TRUE(lines[4].starts_with("least-connections  ")) << lines[4];
  EXPECT_EQ(lines[3].size(), lines[4].size());
  EXPECT_TRUE(lines[5].starts_with("% to each backend, random: 2")) << lines[5];
}

TEST(Table, ShowsMedianLeastAndMostOfSeveralRounds) {
  const Scenario scenario = four_backends();
  const auto results = rounds_of(scenario, 3);
  const std::string text = table_text(scenario, results);
  std::vector<std::uint64_t> requests;
  for (const Outcome& outcome : results[0].outcomes) requests.push_back(outcome.requests);
  std::sort(requests.begin(), requests.end());
  EXPECT_NE(text.find("seed 1 to 3: median (least-most)"), std::string::npos) << text;
  EXPECT_NE(text.find(std::to_string(requests[1]) + " (" + std::to_string(requests[0]) + "-" +
                      std::to_string(requests[2]) + ")"),
            std::string::npos)
      << text;
}

TEST(Table, SaysWhatFailed) {
  Scenario scenario = four_backends();
  scenario.options.outlier_failures = 0;
  scenario.events = {{.at = 0s, .change = simulate::Fail{.share = 1}, .backends = {0}}};
  const auto results = rounds_of(scenario, 1);
  const auto failed = std::to_string(results[0].outcomes[0].failed());
  EXPECT_NE(table_text(scenario, results).find("failed, random: bad answer " + failed), std::string::npos);
}

TEST(Json, HasAllOutcomes) {
  const Scenario scenario = four_backends();
  const auto results = rounds_of(scenario, 2);
  const auto json = nlohmann::json::parse(json_text(scenario, results));
  EXPECT_EQ(json["duration"], 3);
  ASSERT_EQ(json["outcomes"].size(), 4u);
  const auto& first = json["outcomes"][0];
  EXPECT_EQ(first["policy"], "random");
  EXPECT_EQ(first["requests"], results[0].outcomes[0].requests);
  EXPECT_EQ(first["backends"].size(), 4u);
  EXPECT_EQ(first["seconds"].size(), 3u);
  EXPECT_EQ(first["atLeast"][0], 1.0);
  EXPECT_GT(first["latency"]["p99"], first["latency"]["p50"]);
}

TEST(Plot, DrawsEachPolicyAndQuotesTheFile) {
  const Scenario scenario = four_backends();
  const std::string script = plot_script(scenario, rounds_of(scenario, 1), "it's.svg");
  EXPECT_NE(script.find("set output 'it''s.svg'\n"), std::string::npos);
  EXPECT_NE(script.find("$policy1 << END\n0 "), std::string::npos);
  EXPECT_NE(script.find("$policy0 using 1:2 with lines title 'random', $policy1 using 1:2"), std::string::npos);
  EXPECT_NE(script.find("% to each backend, least-connections"), std::string::npos);
}

}  // namespace
}  // namespace outrigger::cli
