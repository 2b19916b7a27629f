#include "cli/status_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/text_table.h"

namespace outrigger::cli {
namespace {

using nlohmann::ordered_json;
using Rows = std::vector<std::vector<std::string>>;

/// A terminal gets no more reasons than it has lines.
constexpr std::size_t kMostComplaints = 20;

std::string count(double number) { return fmt::format("{:.0f}", number); }

std::string short_number(double number) { return fmt::format("{:.3g}", number); }

std::string range(double least, double most) {
  return short_number(least) == short_number(most) ? short_number(least)
                                                   : short_number(least) + "-" + short_number(most);
}

/// "1 ejected, 11 ready", the worst first; where all agree, without the count.
std::string states_text(const BackendStatus& backend) {
  std::string text;
  for (std::size_t i = 0; i < kStates.size(); ++i) {
    const std::size_t sidecars = backend.states.at(i);
    if (sidecars == 0) continue;
    if (sidecars == backend.sidecars) return kStates.at(i);
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", sidecars, kStates.at(i));
  }
  return text.empty() ? "-" : text;
}

std::string counts_text(const std::map<std::string, double>& counts, std::string_view without) {
  std::string text;
  for (const auto& [name, number] : counts) {
    if (number > 0 && name != without) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count(number), name);
  }
  return text.empty() ? "-" : text;
}

Rows overview(const ServiceStatuses& services) {
  Rows rows{{"SERVICE", "SIDECARS", "BACKENDS", "REQUESTS", "5XX", "TRIES", "FAILED", "PANIC"}};
  for (const auto& [name, service] : services) {
    rows.push_back({name, std::to_string(service.sidecars),
                    fmt::format("{}/{}", service.ready(), service.backends.size()), count(service.requests),
                    count(service.server_errors), count(service.tries()), count(service.failed_tries()),
                    service.panicking == 0 ? "-" : std::to_string(service.panicking)});
  }
  return rows;
}

Rows backends(const ServiceStatus& service) {
  Rows rows{{"BACKEND", "STATE", "NOT WELL", "EJECTIONS", "SIDECARS", "WEIGHT", "EFFECTIVE", "IN-FLIGHT", "EWMA-MS",
             "TRIES"}};
  for (const auto& [address, backend] : service.backends) {
    const auto latency = backend.median_latency();
    rows.push_back({address, states_text(backend), counts_text(backend.tries, "success"),
                    counts_text(backend.ejections, ""), std::to_string(backend.sidecars),
                    range(backend.min_weight, backend.max_weight),
                    range(backend.min_effective_weight, backend.max_effective_weight), count(backend.in_flight),
                    latency ? fmt::format("{:.3f}", *latency * 1'000) : "-", count(backend.tries_in_all())});
  }
  return rows;
}

std::string indented(const std::string& lines) {
  std::string text;
  for (std::size_t at = 0; at < lines.size();) {
    const std::size_t end = lines.find('\n', at) + 1;
    text += "  " + lines.substr(at, end - at);
    at = end;
  }
  return text;
}

ordered_json json_of(const std::map<std::string, double>& counts) {
  ordered_json object = ordered_json::object();
  for (const auto& [name, number] : counts) object[name] = number;
  return object;
}

ordered_json json_of(const std::string& address, const BackendStatus& backend) {
  ordered_json states = ordered_json::object();
  for (std::size_t i = 0; i < kStates.size(); ++i) {
    if (backend.states.at(i) > 0) states[kStates.at(i)] = backend.states.at(i);
  }
  const auto latency = backend.median_latency();
  return {{"address", address},
          {"ready", backend.ready()},
          {"sidecars", backend.sidecars},
          {"states", std::move(states)},
          {"weight", {{"min", backend.min_weight}, {"max", backend.max_weight}}},
          {"effectiveWeight", {{"min", backend.min_effective_weight}, {"max", backend.max_effective_weight}}},
          {"inFlight", backend.in_flight},
          {"latencyEwmaSeconds", latency ? ordered_json(*latency) : ordered_json(nullptr)},
          {"tries", json_of(backend.tries)},
          {"ejections", json_of(backend.ejections)}};
}

ordered_json json_of(const std::string& name, const ServiceStatus& service, bool with_backends) {
  ordered_json object = {{"name", name},
                         {"sidecars", service.sidecars},
                         {"sidecarsInPanic", service.panicking},
                         {"backendsReady", service.ready()},
                         {"backendsTotal", service.backends.size()},
                         {"requests", service.requests},
                         {"serverErrors", service.server_errors},
                         {"tries", service.tries()},
                         {"triesFailed", service.failed_tries()}};
  if (!with_backends) return object;
  ordered_json list = ordered_json::array();
  for (const auto& [address, backend] : service.backends) list.push_back(json_of(address, backend));
  object["backends"] = std::move(list);
  return object;
}

}  // namespace

std::string table_text(const StatusReport& report) {
  if (report.services.empty()) return "";
  constexpr std::size_t kTextColumns = 4;
  if (!report.query) return aligned(overview(report.services), 1);
  std::string text;
  for (const auto& [name, service] : report.services) {
    text += fmt::format("{}{}  sidecars {}, backends ready {}/{}, requests {}, 5xx {}{}\n", text.empty() ? "" : "\n",
                        printable(name), service.sidecars, service.ready(), service.backends.size(),
                        count(service.requests), count(service.server_errors),
                        service.panicking == 0 ? "" : fmt::format(", in panic {}", service.panicking));
    text += indented(aligned(backends(service), kTextColumns));
  }
  return text;
}

std::string json_text(const StatusReport& report) {
  ordered_json unread = ordered_json::array();
  for (const auto& [pod, reason] : report.unread) unread.push_back({{"pod", pod}, {"reason", reason}});
  ordered_json services = ordered_json::array();
  for (const auto& [name, service] : report.services) {
    services.push_back(json_of(name, service, report.query.has_value()));
  }
  const ordered_json all = {
      {"sidecars", {{"injected", report.injected}, {"read", report.read}, {"notRead", std::move(unread)}}},
      {"truncated", report.truncated},
      {"services", std::move(services)}};
  return all.dump(2, ' ', true, ordered_json::error_handler_t::replace) + "\n";
}

std::string complaints_text(const StatusReport& report) {
  std::string text;
  std::size_t shown = 0;
  for (const auto& [pod, reason] : report.unread) {
    if (shown++ == kMostComplaints) break;
    text += "outrigger: not read: " + printable(pod) + ": " + printable(reason) + "\n";
  }
  if (report.unread.size() > kMostComplaints) {
    text += fmt::format("outrigger: not read: {} more\n", report.unread.size() - kMostComplaints);
  }
  if (report.truncated) text += "outrigger: there are more backends than are shown\n";
  if (report.injected == 0) text += "outrigger: no running pod has a sidecar\n";
  if (report.read > 0 && report.query && report.services.empty()) {
    text += fmt::format("outrigger: no sidecar uses {}; {} of {} were read\n", report.query->text(), report.read,
                        report.injected);
  } else if (report.read > 0 && report.services.empty()) {
    text += "outrigger: no sidecar uses a Service yet\n";
  }
  return text;
}

int status_of(const StatusReport& report) {
  if (report.injected > 0 && report.read == 0) return kUnable;
  if (!report.query) return 0;
  if (report.services.empty()) return kProblems;
  const bool all_ready =
      std::ranges::all_of(report.services, [](const auto& entry) { return entry.second.ready() > 0; });
  return all_ready ? 0 : kProblems;
}

}  // namespace outrigger::cli
