#include "cli/scenario_file.h"

#include <algorithm>
#include <array>

#include "cli/distribution_field.h"
#include "cli/quantities.h"
#include "cli/scenario_events.h"
#include "yaml/fields.h"

namespace outrigger::cli {
namespace {

using namespace simulate;
using namespace yaml;

constexpr Time kHour = std::chrono::hours(1);
constexpr std::uint32_t kMaxSidecars = 10'000;
constexpr std::uint32_t kMaxBackends = 10'000;
constexpr std::uint32_t kMaxClients = 1'000'000;
constexpr std::uint32_t kMaxWorkers = 10'000;
constexpr std::size_t kMaxEvents = 10'000;

/// Of the Service's options those that are about something that is not simulated.
constexpr std::array<std::string_view, 5> kNotSimulated = {"protocol", "idle-timeout", "hash-on", "affinity",
                                                           "connect-timeout"};

bool is_simulated(std::string_view option) {
  return !option.starts_with("max-") && !option.starts_with("health-check") &&
         std::find(kNotSimulated.begin(), kNotSimulated.end(), option) == kNotSimulated.end();
}

void read_service(const YAML::Node& node, Scenario& scenario) {
  const std::string where = "service";
  std::vector<std::string> known;
  for (const std::string_view option : model::option_names()) {
    if (is_simulated(option)) known.push_back(model::camel_case(option));
  }
  check_map(node, where, known);
  for (const std::string_view option : model::option_names()) {
    const std::string key = model::camel_case(option);
    if (!node[key]) continue;
    if (auto done = model::set_option(scenario.options, option, text(node, where, key)); !done) {
      complain(node[key], fmt::format("{}.{}: {}", where, key, done.error().text));
    }
  }
  if (node["policy"]) scenario.policies = {scenario.options.policy};
}

void read_sidecars(const YAML::Node& root, Scenario& scenario) {
  const YAML::Node node = root["sidecars"];
  if (!node) return;
  if (!node.IsMap()) {
    scenario.sidecar_zones.assign(number(root, "file", "sidecars", 1, kMaxSidecars, 1), "");
    return;
  }
  check_map(node, "sidecars", {"count", "zones"});
  const auto zones = list(node, "sidecars", "zones");
  scenario.sidecar_zones.assign(number(node, "sidecars", "count", 1, kMaxSidecars, 1), "");
  for (std::size_t i = 0; i < scenario.sidecar_zones.size() && !zones.empty(); ++i) {
    const YAML::Node& zone = zones[i % zones.size()];
    if (!zone.IsScalar()) complain(zone, fmt::format("sidecars.zones: {} is not allowed; allowed: names", shown(zone)));
    scenario.sidecar_zones[i] = zone.Scalar();
  }
}

simulate::Load read_load(const YAML::Node& root) {
  const YAML::Node node = required(root, "file", "load");
  const std::string where = "load";
  check_map(node, where, {"rate", "clients", "think", "timeout"});
  simulate::Load load;
  if (node["rate"].IsDefined() == node["clients"].IsDefined()) {
    complain(node, "load: allowed: one of rate (requests a second) and clients");
  }
  if (node["rate"]) load.rate = decimal(node, where, "rate", 0, kMaxRate);
  load.clients = number(node, where, "clients", 1, kMaxClients, 0);
  if (node["think"]) {
    if (load.clients == 0) complain(node["think"], "load.think: allowed: only with clients");
    load.think = distribution(node, where, "think");
  }
  if (node["timeout"]) load.patience = time(node, where, "timeout", std::chrono::microseconds(1), kHour);
  return load;
}

void read_backends(const YAML::Node& node, std::size_t index, Scenario& scenario) {
  const std::string where = fmt::format("backends[{}]", index);
  check_map(node, where, {"count", "workers", "serviceTime", "speed", "weight", "tier", "zone"});
  BackendSpec spec;
  spec.workers = number(node, where, "workers", 0, kMaxWorkers, 1);
  spec.service = distribution(node, where, "serviceTime");
  if (node["speed"]) spec.speed = decimal(node, where, "speed", kLeastSpeed, kMostSpeed);
  spec.weight = number(node, where, "weight", 1, model::kMaxWeight, 1);
  spec.tier = number(node, where, "tier", 0, model::kMaxTier, 0);
  if (node["zone"]) spec.zone = text(node, where, "zone");
  const std::uint32_t count = number(node, where, "count", 1, kMaxBackends, 1);
  if (scenario.backends.size() + count > kMaxBackends) {
    complain(node, fmt::format("backends: allowed: at most {}", kMaxBackends));
  }
  scenario.backends.insert(scenario.backends.end(), count, spec);
}

void read_policies(const YAML::Node& root, Scenario& scenario) {
  if (root["policies"] && !scenario.policies.empty()) {
    complain(root["policies"], "policies: allowed: not beside service.policy");
  }
  for (const YAML::Node& entry : list(root, "file", "policies")) {
    model::ServiceOptions options;
    if (auto done = model::set_option(options, "policy", entry.IsScalar() ? entry.Scalar() : ""); !done) {
      complain(entry, "policies: " + done.error().text);
    }
    scenario.policies.push_back(options.policy);
  }
  if (!scenario.policies.empty()) return;
  using model::PolicyKind;
  scenario.policies = {PolicyKind::round_robin, PolicyKind::least_connections, PolicyKind::response_time};
}

Scenario read_root(const YAML::Node& root) {
  check_map(root, "file",
            {"seed", "duration", "warmUp", "goal", "sidecars", "load", "service", "policies", "networkDelay",
             "updateDelay", "backends", "events"});
  Scenario scenario;
  scenario.seed = number(root, "file", "seed", 0, UINT32_MAX, 1);
  scenario.duration = time(root, "file", "duration", std::chrono::milliseconds(1), kHour);
  if (root["warmUp"]) {
    scenario.warm_up = time(root, "file", "warmUp", Time(0), scenario.duration - std::chrono::milliseconds(1));
  }
  if (root["goal"]) scenario.goal = time(root, "file", "goal", Time(1), kHour);
  read_sidecars(root, scenario);
  scenario.load = read_load(root);
  if (root["service"]) read_service(root["service"], scenario);
  read_policies(root, scenario);
  constexpr Time kLongestDelay = std::chrono::minutes(1);
  if (root["networkDelay"]) scenario.network_delay = time(root, "file", "networkDelay", Time(0), kLongestDelay);
  if (root["updateDelay"]) scenario.update_delay = time(root, "file", "updateDelay", Time(0), kLongestDelay);
  std::size_t groups = 0;
  for (const YAML::Node& node : list(root, "file", "backends")) read_backends(node, groups++, scenario);
  if (scenario.backends.empty()) complain(root, "backends: allowed: at least one");
  for (const YAML::Node& node : list(root, "file", "events")) {
    if (scenario.events.size() == kMaxEvents) complain(node, fmt::format("events: allowed: at most {}", kMaxEvents));
    scenario.events.push_back(read_event(node, fmt::format("events[{}]", scenario.events.size()), scenario));
  }
  return scenario;
}

}  // namespace

Result<Scenario> parse_scenario(const std::string& text, const std::string& path) {
  return read_document(text, path, read_root);
}

Result<std::vector<model::PolicyKind>> parse_policies(std::string_view text) {
  std::vector<model::PolicyKind> policies;
  while (true) {
    const std::size_t comma = text.find(',');
    model::ServiceOptions options;
    if (auto done = model::set_option(options, "policy", text.substr(0, comma)); !done) {
      return tl::unexpected(done.error());
    }
    policies.push_back(options.policy);
    if (comma == std::string_view::npos) return policies;
    text.remove_prefix(comma + 1);
  }
}

std::string policy_text(model::PolicyKind policy) {
  model::ServiceOptions options;
  options.policy = policy;
  return model::option_text(options, "policy");
}

}  // namespace outrigger::cli
