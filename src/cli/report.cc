#include "cli/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/scenario_file.h"

namespace outrigger::cli {
namespace {

using namespace simulate;
using nlohmann::ordered_json;

/// Of more backends nobody reads a line of shares.
constexpr std::size_t kMostShares = 16;

double seconds(Time time) { return static_cast<double>(time.count()) / 1e9; }
double in_ms(Time time) { return static_cast<double>(time.count()) / 1e6; }

std::string ms_text(double ms) { return fmt::format("{:.{}f}", ms, ms < 10 ? 2 : ms < 100 ? 1 : 0); }
std::string count_text(double count) { return fmt::format("{:.0f}", count); }

struct Column {
  std::string_view name;
  double (*value)(const Outcome&);
  std::string (*text)(double);
};
constexpr Column kColumns[] = {
    {"requests", [](const Outcome& o) { return static_cast<double>(o.requests); }, count_text},
    {"success %", [](const Outcome& o) { return o.success_rate() * 100; },
     [](double percent) { return fmt::format("{:.3f}", percent); }},
    {"failed", [](const Outcome& o) { return static_cast<double>(o.failed()); }, count_text},
    {"p50 ms", [](const Outcome& o) { return in_ms(o.latency.quantile(0.5)); }, ms_text},
    {"p99 ms", [](const Outcome& o) { return in_ms(o.latency.quantile(0.99)); }, ms_text},
    {"p99.9 ms", [](const Outcome& o) { return in_ms(o.latency.quantile(0.999)); }, ms_text},
    {"mean ms", [](const Outcome& o) { return in_ms(o.latency.mean()); }, ms_text},
    {"in-flight", [](const Outcome& o) { return o.mean_in_flight(); },
     [](double count) { return fmt::format("{:.3f}", count); }},
    {"most", [](const Outcome& o) { return static_cast<double>(o.max_in_flight()); }, count_text},
    {"load CV", [](const Outcome& o) { return o.load_variation(); },
     [](double variation) { return fmt::format("{:.3f}", variation); }},
    {"retries", [](const Outcome& o) { return static_cast<double>(o.retries); }, count_text},
    {"ejections", [](const Outcome& o) { return static_cast<double>(o.ejections); }, count_text},
};

std::string cell_text(const Column& column, const Rounds& rounds) {
  std::vector<double> values;
  for (const Outcome& outcome : rounds.outcomes) values.push_back(column.value(outcome));
  std::sort(values.begin(), values.end());
  std::string median = column.text(values[(values.size() - 1) / 2]);
  if (values.front() == values.back()) return median;
  return fmt::format("{} ({}-{})", median, column.text(values.front()), column.text(values.back()));
}

std::string aligned(const std::vector<std::vector<std::string>>& rows) {
  std::string text;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      std::size_t width = 0;
      for (const auto& other : rows) width = std::max(width, other[i].size());
      text += i == 0 ? fmt::format("{:<{}}", row[i], width) : fmt::format("  {:>{}}", row[i], width);
    }
    text += '\n';
  }
  return text;
}

std::string failures_text(const Rounds& rounds) {
  std::string text;
  for (std::size_t i = 0; i < kFailures; ++i) {
    std::uint64_t sum = 0;
    for (const Outcome& outcome : rounds.outcomes) sum += outcome.failures[i];
    if (sum > 0) text += fmt::format(", {} {}", failure_text(static_cast<Failure>(i)), sum);
  }
  return text.empty() ? "" : fmt::format("failed, {}: {}\n", policy_text(rounds.policy), text.substr(2));
}

std::string shares_text(const Rounds& rounds) {
  const Outcome& outcome = rounds.outcomes.front();
  double tries = 0;
  for (const BackendOutcome& backend : outcome.backends) tries += static_cast<double>(backend.tries);
  std::string text = fmt::format("% to each backend, {}:", policy_text(rounds.policy));
  for (const BackendOutcome& backend : outcome.backends) {
    text += fmt::format(" {:.1f}", tries == 0 ? 0 : 100 * static_cast<double>(backend.tries) / tries);
  }
  return text + '\n';
}

std::string counted(std::size_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

std::string heading_text(const Scenario& scenario, const std::vector<Outcome>& outcomes) {
  std::string text =
      fmt::format("{}, {}, {:g} s, seed {}", counted(scenario.backends.size(), "backend"),
                  counted(scenario.sidecar_zones.size(), "sidecar"), seconds(scenario.duration), outcomes.front().seed);
  if (outcomes.size() > 1) text += fmt::format(" to {}: median (least-most)", outcomes.back().seed);
  double capacity = 0;  // requests a second
  bool is_bounded = scenario.load.clients == 0;
  for (const BackendSpec& backend : scenario.backends) {
    capacity += backend.workers * backend.speed / mean(backend.service) * 1e9;
    is_bounded = is_bounded && backend.workers > 0;
  }
  if (is_bounded) {
    text += fmt::format("; {:g} requests/s are {:.0f} % of what the backends can do undisturbed", scenario.load.rate,
                        100 * scenario.load.rate / capacity);
  }
  return text + "\n\n";
}

ordered_json json_of(const Outcome& outcome) {
  ordered_json json = {{"policy", policy_text(outcome.policy)},
                       {"seed", outcome.seed},
                       {"requests", outcome.requests},
                       {"successRate", outcome.success_rate()},
                       {"retries", outcome.retries},
                       {"ejections", outcome.ejections},
                       {"meanInFlight", outcome.mean_in_flight()},
                       {"maxInFlight", outcome.max_in_flight()},
                       {"loadVariation", outcome.load_variation()},
                       {"atLeast", outcome.at_least},
                       {"events", outcome.events}};
  for (std::size_t i = 0; i < kFailures; ++i) {
    json["failures"][std::string(failure_text(static_cast<Failure>(i)))] = outcome.failures[i];
  }
  json["latency"] = {
      {"p50", seconds(outcome.latency.quantile(0.5))},  {"p90", seconds(outcome.latency.quantile(0.9))},
      {"p99", seconds(outcome.latency.quantile(0.99))}, {"p99.9", seconds(outcome.latency.quantile(0.999))},
      {"max", seconds(outcome.latency.max())},          {"mean", seconds(outcome.latency.mean())}};
  for (const BackendOutcome& backend : outcome.backends) {
    json["backends"].push_back(
        {{"tries", backend.tries}, {"meanInFlight", backend.mean_in_flight}, {"maxInFlight", backend.max_in_flight}});
  }
  for (const Second& second : outcome.seconds) {
    json["seconds"].push_back(
        {{"good", second.good}, {"failed", second.failed}, {"p99", seconds(second.p99)}, {"tries", second.tries}});
  }
  return json;
}

}  // namespace

std::string table_text(const Scenario& scenario, const std::vector<Rounds>& results) {
  const std::string heading = heading_text(scenario, results.front().outcomes);
  std::vector<std::vector<std::string>> rows(1 + results.size());
  rows[0] = {"policy"};
  for (const Column& column : kColumns) rows[0].emplace_back(column.name);
  std::string failures;
  std::string shares;
  for (std::size_t i = 0; i < results.size(); ++i) {
    rows[i + 1] = {policy_text(results[i].policy)};
    for (const Column& column : kColumns) rows[i + 1].push_back(cell_text(column, results[i]));
    failures += failures_text(results[i]);
    if (scenario.backends.size() <= kMostShares) shares += shares_text(results[i]);
  }
  return heading + aligned(rows) + failures + shares;
}

std::string json_text(const Scenario& scenario, const std::vector<Rounds>& results) {
  ordered_json json = {{"duration", seconds(scenario.duration)},
                       {"warmUp", seconds(scenario.warm_up)},
                       {"sidecars", scenario.sidecar_zones.size()},
                       {"outcomes", ordered_json::array()}};
  for (const Rounds& rounds : results) {
    for (const Outcome& outcome : rounds.outcomes) json["outcomes"].push_back(json_of(outcome));
  }
  return json.dump(2) + '\n';
}

}  // namespace outrigger::cli
