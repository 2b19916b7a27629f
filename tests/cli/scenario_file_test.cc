#include "cli/scenario_file.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "yaml/fields.h"

namespace outrigger::cli {
namespace {

using namespace simulate;
using namespace std::chrono_literals;
using model::PolicyKind;

constexpr const char* kLeast = R"(duration: 10s
load: {rate: 100}
backends:
  - {serviceTime: 1ms}
)";

std::string error_of(const std::string& text) {
  const auto scenario = parse_scenario(text, "s.yaml");
  return scenario ? "none" : scenario.error().text;
}

TEST(ScenarioFile, NeedsLittle) {
  const auto scenario = parse_scenario(kLeast, "s.yaml");
  ASSERT_TRUE(scenario) << scenario.error().text;
  EXPECT_EQ(scenario->duration, 10s);
  EXPECT_EQ(scenario->load.rate, 100);
  EXPECT_EQ(scenario->sidecar_zones, std::vector<std::string>{""});
  EXPECT_EQ(scenario->backends.size(), 1u);
  EXPECT_EQ(scenario->backends[0].workers, 1u);
  EXPECT_EQ(scenario->backends[0].service, Distribution(Constant{1e6}));
  EXPECT_EQ(scenario->policies,
            (std::vector{PolicyKind::round_robin, PolicyKind::least_connections, PolicyKind::response_time}));
}

TEST(ScenarioFile, SaysAll) {
  const auto scenario = parse_scenario(R"(
seed: 7
duration: 60s
warmUp: 5s
goal: 500ms
sidecars: {count: 3, zones: [a, b]}
load: {clients: 20, think: {exponential: 100ms}, timeout: 1s}
service: {slowStart: 10s, retries: 3, retryOn: "connect-failure,503", zoneAware: prefer}
policies: [random, consistent-hash]
networkDelay: 250us
updateDelay: 50ms
backends:
  - {count: 2, workers: 4, serviceTime: {lognormal: {median: 2ms, sigma: 0.5}}, zone: a}
  - {workers: 0, serviceTime: {pareto: {low: 1ms, high: 1s, alpha: 1.5}}, speed: 0.5, weight: 3, tier: 1}
  - {serviceTime: {bimodal: {usual: 1ms, rare: 50ms, share: 0.1}}}
  - {serviceTime: {normal: {mean: 80ms, deviation: 8ms}}}
  - {serviceTime: {quantiles: [[0, 1ms], [0.5, 2ms], [1, 1s]]}, zone: a}
events:
  - {at: 1s, every: 7s, for: 2s, oneOf: all, do: stall}
  - {at: 2s, backends: 1-3, speed: 0.1}
  - {at: 3s, zone: a, do: down}
  - {at: 4s, backend: 5, fail: {share: 0.8, after: 1ms}}
  - {at: 0, backends: all, antagonist: {low: 0.5, high: 1.5, holds: 3s}}
  - {at: 5s, backend: 0, serviceTime: 2s}
)",
                                       "s.yaml");
  ASSERT_TRUE(scenario) << scenario.error().text;
  EXPECT_EQ(scenario->seed, 7u);
  EXPECT_EQ(scenario->warm_up, 5s);
  EXPECT_EQ(scenario->goal, 500ms);
  EXPECT_EQ(scenario->sidecar_zones, (std::vector<std::string>{"a", "b", "a"}));
  EXPECT_EQ(scenario->load.clients, 20u);
  EXPECT_EQ(scenario->load.think, Distribution(Exponential{100e6}));
  EXPECT_EQ(scenario->load.patience, 1s);
  EXPECT_EQ(scenario->options.slow_start, 10s);
  EXPECT_EQ(scenario->options.retries, 3u);
  EXPECT_TRUE(scenario->options.retry_on.service_unavailable);
  EXPECT_EQ(scenario->options.zone_aware, model::ZoneAware::prefer);
  EXPECT_EQ(scenario->policies, (std::vector{PolicyKind::random, PolicyKind::consistent_hash}));
  EXPECT_EQ(scenario->network_delay, 250us);
  EXPECT_EQ(scenario->update_delay, 50ms);
  ASSERT_EQ(scenario->backends.size(), 6u);
  EXPECT_EQ(scenario->backends[1].service, Distribution(Lognormal{.median = 2e6, .sigma = 0.5}));
  EXPECT_EQ(scenario->backends[2].service, Distribution(BoundedPareto{.low = 1e6, .high = 1e9, .alpha = 1.5}));
  EXPECT_EQ(scenario->backends[2].speed, 0.5);
  EXPECT_EQ(scenario->backends[2].weight, 3u);
  EXPECT_EQ(scenario->backends[2].tier, 1u);
  EXPECT_EQ(scenario->backends[3].service, Distribution(Bimodal{.usual = 1e6, .rare = 50e6, .rare_share = 0.1}));
  EXPECT_EQ(scenario->backends[4].service, Distribution(Normal{.mean = 80e6, .deviation = 8e6}));
  EXPECT_EQ(scenario->backends[5].service, Distribution(Quantiles{{{0, 1e6}, {0.5, 2e6}, {1, 1e9}}}));
  ASSERT_EQ(scenario->events.size(), 6u);
  EXPECT_EQ(scenario->events[0].every, 7s);
  EXPECT_EQ(scenario->events[0].lasts, 2s);
  EXPECT_TRUE(scenario->events[0].one_of_them);
  EXPECT_EQ(std::get<Action>(scenario->events[0].change), Action::stall);
  EXPECT_EQ(scenario->events[1].backends, (std::vector<std::uint32_t>{1, 2, 3}));
  EXPECT_EQ(scenario->events[2].backends, (std::vector<std::uint32_t>{0, 1, 5}));
  EXPECT_EQ(std::get<Fail>(scenario->events[3].change).after, 1ms);
  EXPECT_EQ(std::get<Antagonist>(scenario->events[4].change).holds, 3s);
  EXPECT_EQ(std::get<ServiceTime>(scenario->events[5].change).distribution, Distribution(Constant{2e9}));
}

TEST(ScenarioFile, AServicesPolicyIsTheOnlyOne) {
  const auto scenario = parse_scenario(std::string(kLeast) + "service: {policy: random}\n", "s.yaml");
  ASSERT_TRUE(scenario) << scenario.error().text;
  EXPECT_EQ(scenario->policies, std::vector{PolicyKind::random});
}

TEST(ScenarioFile, ErrorsNameLineKeyValueAndWhatIsAllowed) {
  const std::string least = kLeast;
  EXPECT_EQ(error_of("duration: 10s\nload: {rate: 1}\nbackends: []\n"), "s.yaml:1: backends: allowed: at least one");
  EXPECT_EQ(error_of("load: {rate: 1}\n"), "s.yaml:1: file: 'duration' is missing");
  EXPECT_EQ(error_of(least + "speed: 3\n"),
            "s.yaml:5: file: unknown key 'speed'; allowed: seed, duration, warmUp, goal, sidecars, load, service, "
            "policies, networkDelay, updateDelay, backends, events");
  EXPECT_EQ(error_of("duration: 10s\nload: {rate: 1, clients: 2}\n"),
            "s.yaml:2: load: allowed: one of rate (requests a second) and clients");
  EXPECT_EQ(error_of("duration: 10s\nload: {rate: fast}\n"),
            "s.yaml:2: load.rate: 'fast' is not allowed; allowed: numbers from 0 to 100000000");
  EXPECT_EQ(error_of("duration: 2h\n"), "s.yaml:1: file.duration: '2h' is not allowed; allowed: from 1 to 3600000 ms");
  EXPECT_EQ(error_of(least + "service: {retries: 11}\n"),
            "s.yaml:5: service.retries: '11' is not allowed; allowed: whole numbers from 0 to 10");
  EXPECT_NE(error_of(least + "service: {maxInFlight: 1}\n").find("unknown key 'maxInFlight'"), std::string::npos);
  EXPECT_EQ(
      error_of(least + "  - {serviceTime: {gamma: 1ms}}\n"),
      "s.yaml:5: backends[1].serviceTime: unknown key 'gamma'; allowed: constant, exponential, normal, lognormal, "
      "pareto, bimodal, quantiles");
  EXPECT_EQ(error_of(least + "  - {serviceTime: {exponential: 1ms, constant: 1ms}}\n"),
            "s.yaml:5: backends[1].serviceTime: allowed: one of its keys");
  EXPECT_EQ(error_of(least + "  - {serviceTime: {lognormal: {median: 2ms, p99: 1ms}}}\n"),
            "s.yaml:5: backends[1].serviceTime.lognormal.p99: allowed: not less than the median");
  EXPECT_EQ(error_of(least + "  - {serviceTime: {quantiles: [[0, 1ms], [0.5, 2ms]]}}\n"),
            "s.yaml:5: backends[1].serviceTime.quantiles: allowed: a list from share 0 to share 1");
  EXPECT_EQ(error_of(least + "  - {serviceTime: {quantiles: [[0, 2ms], [1, 1ms]]}}\n"),
            "s.yaml:5: backends[1].serviceTime.quantiles: allowed: shares and times that do not fall");
  EXPECT_EQ(error_of("[]\n"), "s.yaml:1: file: a list is not allowed; allowed: a map");
  EXPECT_NE(error_of("a: [\n").find("s.yaml:2: not YAML: "), std::string::npos);
}

TEST(ScenarioFile, ErrorsOfEventsSayWhichOne) {
  const auto with = [](const std::string& event) { return error_of(std::string(kLeast) + "events:\n  - " + event); };
  EXPECT_EQ(with("{at: 1s, backend: 0}"),
            "s.yaml:6: events[0]: allowed: one of do, speed, serviceTime, fail, antagonist, rate");
  EXPECT_EQ(with("{at: 1s, backend: 0, do: up, speed: 1}"), "s.yaml:6: events[0]: allowed: not both do and speed");
  EXPECT_EQ(with("{at: 1s, do: up}"), "s.yaml:6: events[0]: allowed: one of backend, backends, oneOf, zone");
  EXPECT_EQ(with("{at: 1s, backend: 0, do: dance}"),
            "s.yaml:6: events[0].do: 'dance' is not allowed; allowed: down, up, stall, resume, join, leave");
  EXPECT_EQ(with("{at: 1s, backend: 1, do: up}"),
            "s.yaml:6: events[0].backend: '1' is not allowed; allowed: all, an index, or FIRST-LAST, from 0 to 0");
  EXPECT_EQ(with("{at: 1s, zone: x, do: up}"),
            "s.yaml:6: events[0].zone: 'x' is not allowed; allowed: a zone of the backends");
  EXPECT_EQ(with("{at: 11s, backend: 0, do: up}"),
            "s.yaml:6: events[0].at: '11s' is not allowed; allowed: from 0 to 10000 ms");
  EXPECT_EQ(with("{backend: 0, do: up}"), "s.yaml:6: events[0]: 'at' is missing");
  EXPECT_EQ(with("{at: 1s, backend: 0, rate: 3}"), "s.yaml:6: events[0].backend: allowed: not beside rate");
  EXPECT_EQ(with("{at: 1s, backend: 0, antagonist: {low: 2, high: 1, holds: 1s}}"),
            "s.yaml:6: events[0].antagonist.high: allowed: not less than low");
}

TEST(Policies, AreSeparatedByCommas) {
  EXPECT_EQ(parse_policies("random,response-time").value(),
            (std::vector{PolicyKind::random, PolicyKind::response_time}));
  EXPECT_EQ(policy_text(PolicyKind::weighted_least_connections), "weighted-least-connections");
  for (const char* text : {"", "random,", "fastest"}) EXPECT_FALSE(parse_policies(text)) << text;
}

TEST(ShippedScenarios, AreAllWellFormed) {
  int found = 0;
  for (const auto& entry : std::filesystem::directory_iterator(OUTRIGGER_SCENARIOS)) {
    const auto text = yaml::read_file(entry.path());
    ASSERT_TRUE(text);
    EXPECT_TRUE(text->starts_with("# ")) << entry.path() << " does not say what it shows";
    const auto scenario = parse_scenario(*text, entry.path());
    EXPECT_TRUE(scenario) << scenario.error().text;
    ++found;
  }
  EXPECT_GE(found, 19);
}

}  // namespace
}  // namespace outrigger::cli
