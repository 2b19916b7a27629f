#include "sidecar/backends_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace outrigger::sidecar {
namespace {

using nlohmann::ordered_json;

std::string_view standing_of(const BackendState& state) {
  const auto most = std::max_element(state.standings.begin(), state.standings.end());
  return balance::standing_text(static_cast<balance::Standing>(most - state.standings.begin()));
}

bool in_panic(const ServiceMetrics& metrics) {
  return std::any_of(metrics.cells.begin(), metrics.cells.end(),
                     [](const ServiceCells& cells) { return cells.panic.value() != 0; });
}

std::string_view reason_name(std::size_t reason) { return health::reason_text(static_cast<health::Reason>(reason)); }

std::string ejections_text(const BackendState& state) {
  std::string text;
  for (std::size_t i = 0; i < health::kReasons; ++i) {
    if (state.ejections[i] == 0) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", state.ejections[i], reason_name(i));
  }
  return text.empty() ? "-" : text;
}

}  // namespace

BackendState state_of(const BackendMetrics& metrics) {
  BackendState state;
  const auto workers = static_cast<double>(metrics.cells.size());
  double known = 0;
  for (const BackendCells& cells : metrics.cells) {
    state.in_flight += cells.in_flight.value();
    state.counts_for += static_cast<double>(cells.counts_for.value()) / 1e6 / workers;
    state.latency_s += static_cast<double>(cells.latency_ns.value()) / 1e9;
    known += cells.latency_ns.value() > 0 ? 1 : 0;
    state.standings.at(static_cast<std::size_t>(cells.standing.value())) += 1 / workers;
    for (std::size_t i = 0; i < state.ejections.size(); ++i) state.ejections[i] += cells.ejections[i].value();
  }
  if (known > 0) state.latency_s /= known;
  return state;
}

std::string backends_json(const RoutingTable& table, const std::string& zone) {
  ordered_json services = ordered_json::array();
  for (const auto& [service, entry] : table) {
    ordered_json backends = ordered_json::array();
    for (std::size_t i = 0; i < entry.backends.size(); ++i) {
      const model::Endpoint& endpoint = entry.set->set.endpoints[i];
      const BackendState state = state_of(*entry.backends[i]);
      ordered_json ejections = ordered_json::object();
      for (std::size_t k = 0; k < health::kReasons; ++k) ejections[std::string(reason_name(k))] = state.ejections[k];
      backends.push_back({{"address", endpoint.address},
                          {"weight", endpoint.weight},
                          {"effective_weight", state.counts_for},
                          {"tier", endpoint.tier},
                          {"zone", endpoint.zone},
                          {"pod", endpoint.pod},
                          {"draining", endpoint.draining},
                          {"state", standing_of(state)},
                          {"in_flight", state.in_flight},
                          {"ewma_seconds", state.latency_s},
                          {"ejections", std::move(ejections)}});
    }
    ordered_json shown = {{"service", service.text()}, {"known", entry.set != nullptr}};
    if (entry.set) {
      shown["version"] = entry.set->version;
      shown["policy"] = model::option_text(entry.set->set.options, "policy");
    }
    shown["panic"] = in_panic(*entry.metrics);
    shown["backends"] = std::move(backends);
    services.push_back(std::move(shown));
  }
  ordered_json shown = ordered_json::object();
  if (!zone.empty()) shown["zone"] = zone;
  shown["services"] = std::move(services);
  return shown.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

std::string backends_table(const RoutingTable& table, const std::string& zone) {
  std::string text;
  if (!zone.empty()) text += "zone " + zone + "\n\n";
  for (const auto& [service, entry] : table) {
    text += service.text();
    if (!entry.set) {
      text += "  not known\n\n";
      continue;
    }
    text += fmt::format("  {}{}\n", model::option_text(entry.set->set.options, "policy"),
                        in_panic(*entry.metrics) ? "  PANIC: under half is well, all are used" : "");
    text += fmt::format("  {:<24} {:<11} {:>6} {:>9} {:>4} {:<12} {:>9} {:>9}  {}\n", "ENDPOINT", "STATE", "WEIGHT",
                        "EFFECTIVE", "TIER", "ZONE", "IN-FLIGHT", "EWMA-MS", "EJECTIONS");
    for (std::size_t i = 0; i < entry.backends.size(); ++i) {
      const model::Endpoint& endpoint = entry.set->set.endpoints[i];
      const BackendState state = state_of(*entry.backends[i]);
      text += fmt::format("  {:<24} {:<11} {:>6} {:>9.3g} {:>4} {:<12} {:>9} {:>9.3f}  {}\n", endpoint.address,
                          standing_of(state), endpoint.weight, state.counts_for, endpoint.tier,
                          endpoint.zone.empty() ? "-" : endpoint.zone, state.in_flight, state.latency_s * 1e3,
                          ejections_text(state));
    }
    text += "\n";
  }
  return text;
}

}  // namespace outrigger::sidecar
