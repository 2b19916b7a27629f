#include "cli/scenario_events.h"

#include <array>
#include <numeric>

#include "cli/distribution_field.h"
#include "model/value_text.h"
#include "yaml/fields.h"

namespace outrigger::cli {
namespace {

using namespace simulate;
using namespace yaml;

constexpr Time kSoonest = std::chrono::milliseconds(1);
constexpr std::array<std::string_view, 6> kActions = {"down", "up", "stall", "resume", "join", "leave"};  // by Action
const std::vector<std::string> kChanges = {"do", "speed", "serviceTime", "fail", "antagonist", "rate"};
const std::vector<std::string> kWhose = {"backend", "backends", "oneOf", "zone"};

/// Which of the keys is there; complains of none and of several.
std::string only_one(const YAML::Node& node, const std::string& where, const std::vector<std::string>& keys) {
  std::string found;
  for (const std::string& key : keys) {
    if (!node[key]) continue;
    if (!found.empty()) complain(node, fmt::format("{}: allowed: not both {} and {}", where, found, key));
    found = key;
  }
  if (found.empty()) complain(node, fmt::format("{}: allowed: one of {}", where, fmt::join(keys, ", ")));
  return found;
}

/// "all", "3", "0-4"
Result<std::vector<std::uint32_t>> parse_backends(const std::string& text, std::size_t count) {
  const auto last_index = static_cast<std::uint32_t>(count - 1);
  std::uint32_t first = 0;
  std::uint32_t last = last_index;
  if (text != "all") {
    const std::size_t dash = text.find('-');
    const auto low = model::parse_number(text.substr(0, dash), 0, last_index);
    const auto high = dash == std::string::npos ? low : model::parse_number(text.substr(dash + 1), 0, last_index);
    if (!low || !high || *low > *high) {
      return failure(model::not_allowed(text, fmt::format("all, an index, or FIRST-LAST, from 0 to {}", last_index)));
    }
    first = *low;
    last = *high;
  }
  std::vector<std::uint32_t> backends(last - first + 1);
  std::iota(backends.begin(), backends.end(), first);
  return backends;
}

std::vector<std::uint32_t> of_zone(const YAML::Node& node, const std::string& where, const Scenario& scenario) {
  const std::string zone = text(node, where, "zone");
  std::vector<std::uint32_t> backends;
  for (std::uint32_t i = 0; i < scenario.backends.size(); ++i) {
    if (scenario.backends[i].zone == zone) backends.push_back(i);
  }
  if (backends.empty()) {
    complain(node["zone"],
             fmt::format("{}.zone: {} is not allowed; allowed: a zone of the backends", where, shown(node["zone"])));
  }
  return backends;
}

Change read_change(const YAML::Node& node, const std::string& where, const std::string& kind) {
  const std::string inside = where + "." + kind;
  const YAML::Node given = node[kind];
  if (kind == "do") return static_cast<Action>(choice(node, where, kind, kActions, 0));
  if (kind == "speed") return Speed{decimal(node, where, kind, kLeastSpeed, kMostSpeed)};
  if (kind == "serviceTime") return ServiceTime{distribution(node, where, kind)};
  if (kind == "rate") return Rate{decimal(node, where, kind, 0, kMaxRate)};
  if (kind == "fail") {
    check_map(given, inside, {"share", "after"});
    Fail fail{.share = decimal(given, inside, "share", 0, 1)};
    if (given["after"]) fail.after = time(given, inside, "after", Time(0), std::chrono::hours(1));
    return fail;
  }
  check_map(given, inside, {"low", "high", "holds"});
  const Antagonist antagonist{.low = decimal(given, inside, "low", kLeastSpeed, kMostSpeed),
                              .high = decimal(given, inside, "high", kLeastSpeed, kMostSpeed),
                              .holds = time(given, inside, "holds", kSoonest, std::chrono::hours(1))};
  if (antagonist.high < antagonist.low) complain(given["high"], inside + ".high: allowed: not less than low");
  return antagonist;
}

}  // namespace

ScenarioEvent read_event(const YAML::Node& node, const std::string& where, const Scenario& scenario) {
  std::vector<std::string> known = {"at", "every", "for"};
  known.insert(known.end(), kWhose.begin(), kWhose.end());
  known.insert(known.end(), kChanges.begin(), kChanges.end());
  check_map(node, where, known);
  const std::string kind = only_one(node, where, kChanges);
  ScenarioEvent event;
  event.change = read_change(node, where, kind);
  event.at = time(node, where, "at", Time(0), scenario.duration);
  if (node["every"]) event.every = time(node, where, "every", kSoonest, scenario.duration);
  if (node["for"]) event.lasts = time(node, where, "for", Time(1), std::chrono::hours(24));
  if (kind == "rate") {
    if (scenario.load.clients > 0) complain(node["rate"], where + ".rate: allowed: only where load has a rate");
    for (const std::string& key : kWhose) {
      if (node[key]) complain(node[key], fmt::format("{}.{}: allowed: not beside rate", where, key));
    }
    return event;
  }
  const std::string whose = only_one(node, where, kWhose);
  event.one_of_them = whose == "oneOf";
  if (whose == "zone") {
    event.backends = of_zone(node, where, scenario);
  } else {
    event.backends = value(node, where, whose,
                           [&](const std::string& text) { return parse_backends(text, scenario.backends.size()); });
  }
  return event;
}

}  // namespace outrigger::cli
