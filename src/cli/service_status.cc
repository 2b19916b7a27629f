#include "cli/service_status.h"

#include <algorithm>
#include <numeric>

#include "model/names.h"
#include "model/value_text.h"

namespace outrigger::cli {
namespace {

double sum_of(const std::map<std::string, double>& counts) {
  return std::accumulate(counts.begin(), counts.end(), 0.0,
                         [](double sum, const auto& entry) { return sum + entry.second; });
}

void add_to(std::map<std::string, double>& counts, const std::map<std::string, double>& more) {
  for (const auto& [name, count] : more) counts[name] += count;
}

void add_to(BackendStatus& status, const BackendReading& reading, bool with_latency) {
  if (status.sidecars == 0) {
    status.min_weight = status.max_weight = reading.weight;
    status.min_effective_weight = status.max_effective_weight = reading.effective_weight;
  }
  ++status.sidecars;
  if (reading.state) ++status.states.at(*reading.state);
  status.min_weight = std::min(status.min_weight, reading.weight);
  status.max_weight = std::max(status.max_weight, reading.weight);
  status.min_effective_weight = std::min(status.min_effective_weight, reading.effective_weight);
  status.max_effective_weight = std::max(status.max_effective_weight, reading.effective_weight);
  status.in_flight += reading.in_flight;
  if (with_latency && reading.latency_seconds > 0) status.latencies.push_back(reading.latency_seconds);
  add_to(status.tries, reading.tries);
  add_to(status.ejections, reading.ejections);
}

}  // namespace

Result<ServiceQuery> ServiceQuery::parse(std::string_view text, const std::string& ns) {
  constexpr std::string_view kAllowed = "NAME, NAMESPACE/NAME, NAME:PORT or NAMESPACE/NAME:PORT";
  ServiceQuery query{.service = {.ns = ns, .name = {}}};
  std::string_view rest = text;
  if (const std::size_t slash = rest.find('/'); slash != std::string_view::npos) {
    query.service.ns = rest.substr(0, slash);
    rest.remove_prefix(slash + 1);
  }
  if (const std::size_t colon = rest.find(':'); colon != std::string_view::npos) {
    const auto port = model::parse_number(rest.substr(colon + 1), 1, 65'535);
    if (!port) return failure(model::not_allowed(text, kAllowed));
    query.port = static_cast<std::uint16_t>(*port);
    rest = rest.substr(0, colon);
  }
  query.service.name = rest;
  if (!model::is_dns_label(query.service.ns) || !model::is_dns_label(query.service.name)) {
    return failure(model::not_allowed(text, kAllowed));
  }
  return query;
}

bool ServiceQuery::matches(std::string_view name) const {
  const auto parsed = model::ServicePort::parse(name);
  return parsed && parsed->service == service && (port == 0 || parsed->port == port);
}

std::string ServiceQuery::text() const { return port == 0 ? service.text() : model::ServicePort{service, port}.text(); }

bool BackendStatus::ready() const {
  std::size_t usable = 0;
  for (std::size_t i = kFirstUsable; i < states.size(); ++i) usable += states.at(i);
  return usable > 0 && usable * 2 >= sidecars;
}

double BackendStatus::tries_in_all() const { return sum_of(tries); }

std::optional<double> BackendStatus::median_latency() const {
  if (latencies.empty()) return std::nullopt;
  std::vector<double> sorted = latencies;
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>((sorted.size() - 1) / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  return *middle;
}

std::size_t ServiceStatus::ready() const {
  return static_cast<std::size_t>(
      std::count_if(backends.begin(), backends.end(), [](const auto& backend) { return backend.second.ready(); }));
}

double ServiceStatus::tries() const {
  double tries = 0;
  for (const auto& [address, backend] : backends) tries += backend.tries_in_all();
  return tries;
}

double ServiceStatus::failed_tries() const {
  double failed = 0;
  for (const auto& [address, backend] : backends) {
    for (const auto& [outcome, count] : backend.tries) {
      if (outcome != "success" && outcome != "cancelled") failed += count;
    }
  }
  return failed;
}

void StatusCollector::add(const SidecarReading& reading) {
  ++sidecars_;
  for (const auto& [name, service] : reading.services) {
    if (query_ ? query_->matches(name) : model::ServicePort::parse(name).has_value()) add(service, services_[name]);
  }
}

void StatusCollector::add(const ServiceReading& reading, ServiceStatus& status) {
  ++status.sidecars;
  if (reading.panic) ++status.panicking;
  status.requests += reading.requests;
  status.server_errors += reading.server_errors;
  for (const auto& [address, backend] : reading.backends) {
    const auto known = status.backends.find(address);
    if (known == status.backends.end() && backends_ == kMaxBackendStatuses) {
      truncated_ = true;
      continue;
    }
    if (known == status.backends.end()) ++backends_;
    add_to(known == status.backends.end() ? status.backends[address] : known->second, backend, query_.has_value());
  }
}

}  // namespace outrigger::cli
