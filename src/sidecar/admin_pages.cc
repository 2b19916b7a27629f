#include "sidecar/admin_pages.h"

#include <nlohmann/json.hpp>

#include "model/related_services.h"
#include "sidecar/backends_page.h"
#include "yaml/byte_size.h"

namespace outrigger::sidecar {
namespace {

using nlohmann::ordered_json;

/// A digest has no order, but a change of it can be seen; 48 bits are exact in a double.
double version_number(const std::string& version) {
  return version.size() < 12 ? 0.0 : static_cast<double>(std::stoull(version.substr(0, 12), nullptr, 16));
}

void add_service(metrics::Exposition& page, const std::string& service, const ServiceMetrics& metrics) {
  metrics::DurationHistogram::Reading durations;
  std::uint64_t retries = 0;
  double panic = 0;
  for (const ServiceCells& cells : metrics.cells) {
    durations += cells.duration.read();
    retries += cells.retries.value();
    panic += static_cast<double>(cells.panic.value()) / static_cast<double>(metrics.cells.size());
  }
  page.gauge("outrigger_panic",
             "The part of the workers that balance over all endpoints since under half of them are well.",
             {{"service", service}}, panic);
  for (std::size_t i = 0; i < metrics.cells.front().codes.size(); ++i) {
    std::uint64_t count = 0;
    for (const ServiceCells& cells : metrics.cells) count += cells.codes[i].value();
    if (count == 0) continue;
    page.counter("outrigger_requests_total", "Requests answered, by the status the client got.",
                 {{"service", service}, {"code", std::to_string(kFirstStatus + i)}}, static_cast<double>(count));
  }
  page.histogram("outrigger_request_duration_seconds", "From a request's head to its answer's end.",
                 {{"service", service}}, durations);
  page.counter("outrigger_retries_total", "Tries at another endpoint after one failed.", {{"service", service}},
               static_cast<double>(retries));
}

void add_backend(metrics::Exposition& page, const std::string& service, const model::Endpoint& endpoint,
                 const BackendMetrics& metrics) {
  for (std::size_t i = 0; i < kOutcomeNames.size(); ++i) {
    std::uint64_t count = 0;
    for (const BackendCells& cells : metrics.cells) count += cells.outcomes[i].value();
    if (count == 0 && i != 0) continue;
    page.counter("outrigger_backend_requests_total", "Tries at an endpoint, by how they ended.",
                 {{"service", service}, {"backend", endpoint.address}, {"outcome", kOutcomeNames[i]}},
                 static_cast<double>(count));
  }
  const BackendState state = state_of(metrics);
  page.gauge("outrigger_backend_in_flight", "Requests open on an endpoint.",
             {{"service", service}, {"backend", endpoint.address}}, static_cast<double>(state.in_flight));
  page.gauge("outrigger_backend_weight", "An endpoint's weight.", {{"service", service}, {"backend", endpoint.address}},
             endpoint.weight);
  page.gauge(
      "outrigger_backend_effective_weight",
      "What an endpoint counts for now: less in its slow start, in part where its tier or zone carries a part of "
      "the load, 0 where it is not used.",
      {{"service", service}, {"backend", endpoint.address}}, state.counts_for);
  page.gauge("outrigger_backend_latency_ewma_seconds", "Moving average of the time to an answer's first byte; 0: none.",
             {{"service", service}, {"backend", endpoint.address}}, state.latency_s);
  for (std::size_t i = 0; i < balance::kStandings; ++i) {
    page.gauge("outrigger_backend_state", "The part of the workers that see an endpoint in that state.",
               {{"service", service},
                {"backend", endpoint.address},
                {"state", balance::standing_text(static_cast<balance::Standing>(i))}},
               state.standings[i]);
  }
  for (std::size_t i = 0; i < health::kReasons; ++i) {
    page.counter("outrigger_backend_ejections_total", "Times that a worker has ejected an endpoint, by why.",
                 {{"service", service},
                  {"backend", endpoint.address},
                  {"reason", health::reason_text(static_cast<health::Reason>(i))}},
                 static_cast<double>(state.ejections[i]));
  }
}

void add_workers(metrics::Exposition& page, std::span<const WorkerCells> workers) {
  std::int64_t connections = 0;
  std::uint64_t passed_through = 0;
  std::uint64_t no_answers = 0;
  std::uint64_t no_room = 0;
  std::array<std::uint64_t, kDetectedProtocolNames.size()> detections{};
  for (const WorkerCells& cells : workers) {
    connections += cells.connections_active.value();
    passed_through += cells.passed_through.value();
    no_answers += cells.no_answers.value();
    no_room += cells.no_room.value();
    for (std::size_t i = 0; i < detections.size(); ++i) detections[i] += cells.detections[i].value();
  }
  page.gauge("outrigger_connections_active", "Client connections open.", {}, static_cast<double>(connections));
  page.counter("outrigger_passthrough_connections_total", "Connections to destinations that are no Service known here.",
               {}, static_cast<double>(passed_through));
  page.counter(
      "outrigger_unanswered_destinations_total",
      "Connections, and requests by host, of which the operator did not say in time which Service they are for.", {},
      static_cast<double>(no_answers));
  page.counter("outrigger_buffer_exhausted_total",
               "Requests, and connections of other protocols, ended since no more bytes may be held.", {},
               static_cast<double>(no_room));
  for (std::size_t i = 0; i < detections.size(); ++i) {
    page.counter("outrigger_protocol_detections_total", "Connections whose protocol nobody had said, by what it was.",
                 {{"protocol", kDetectedProtocolNames[i]}}, static_cast<double>(detections[i]));
  }
}

}  // namespace

std::string metrics_text(const StateReading& reading) {
  metrics::Exposition page;
  for (const auto& [service, entry] : reading.table) {
    const std::string name = service.text();
    add_service(page, name, *entry.metrics);
    page.gauge("outrigger_snapshot_version", "The first 48 bits of the set's version: changes when the set does.",
               {{"service", name}}, entry.set ? version_number(entry.set->version) : 0);
    for (std::size_t i = 0; i < entry.backends.size(); ++i) {
      add_backend(page, name, entry.set->set.endpoints[i], *entry.backends[i]);
    }
  }
  add_workers(page, reading.workers);
  if (reading.feed_connected) {
    page.gauge("outrigger_feed_connected", "1 while the operator's feed is open.", {}, *reading.feed_connected ? 1 : 0);
  }
  if (reading.certificate_expiry) {
    page.gauge("outrigger_certificate_expiry_timestamp_seconds", "When the certificate for the operator ends.", {},
               std::chrono::duration<double>(reading.certificate_expiry->time_since_epoch()).count());
  }
  if (reading.snapshot_age) {
    page.gauge("outrigger_snapshot_age_seconds", "Since the operator last confirmed the sets in use.", {},
               std::chrono::duration<double>(*reading.snapshot_age).count());
  }
  if (reading.redirected) {
    page.gauge("outrigger_redirected", "1 where the pod's connections are redirected here, 0 where that has failed.",
               {}, *reading.redirected ? 1 : 0);
  }
  page.gauge("outrigger_build_info", "Always 1; the version is in the label.", {{"version", OUTRIGGER_VERSION}}, 1);
  return page.text();
}

std::string config_json(const Config& config) {
  ordered_json listeners = ordered_json::array();
  for (const ListenerConfig& listener : config.listeners) {
    ordered_json entry = {{"name", listener.name},
                          {"address", listener.address},
                          {"protocol", listener_protocol_text(listener.protocol)}};
    if (listener.transparent) entry["transparent"] = true;
    if (!listener.by_host.empty()) entry["byHost"] = listener.by_host;
    if (listener.has_service()) entry["service"] = listener.service.text();
    listeners.push_back(std::move(entry));
  }
  ordered_json services = ordered_json::array();
  for (const model::EndpointSet& set : config.services) {
    ordered_json service = {{"name", set.service.text()}};
    for (const std::string_view option : model::option_names()) {
      service[model::camel_case(option)] = model::option_text(set.options, option);
    }
    if (const std::string weights = model::weights_text(set); !weights.empty()) service["weights"] = weights;
    if (!set.failover.empty()) service["failover"] = model::failover_text(set);
    if (!set.addresses.empty()) service["clusterAddresses"] = set.addresses;
    service["endpoints"] = ordered_json::array();
    for (const model::Endpoint& endpoint : set.endpoints) {
      ordered_json entry = {{"address", endpoint.address}, {"weight", endpoint.weight}, {"tier", endpoint.tier}};
      if (!endpoint.zone.empty()) entry["zone"] = endpoint.zone;
      service["endpoints"].push_back(std::move(entry));
    }
    services.push_back(std::move(service));
  }
  ordered_json shown = {
      {"admin", config.admin}, {"listeners", std::move(listeners)}, {"services", std::move(services)}};
  if (!config.zone.empty()) shown["zone"] = config.zone;
  if (!config.node.empty()) shown["node"] = config.node;
  if (config.workers != 0) shown["workers"] = config.workers;
  shown["http"] = {{"via", config.http.via},
                   {"forwarded", forwarded_text(config.http.forwarded)},
                   {"maxHeadBytes", yaml::byte_size_text(config.http.max_head_bytes)},
                   {"maxTargetBytes", yaml::byte_size_text(config.http.max_target_bytes)},
                   {"maxFields", config.http.max_fields},
                   {"maxBodyBytes", yaml::byte_size_text(config.http.max_body_bytes)},
                   {"headTimeout", model::duration_text(config.http.head_timeout)}};
  shown["limits"] = {{"connections", config.limits.connections},
                     {"bufferedBytes", yaml::byte_size_text(config.limits.buffered_bytes)},
                     {"grace", model::duration_text(config.limits.grace)}};
  if (config.feed) {
    const bool ipv6 = config.feed->host.find(':') != std::string::npos;
    const std::string host = ipv6 ? "[" + config.feed->host + "]" : config.feed->host;
    shown["operator"] = {{"address", "https://" + host + ":" + std::to_string(config.feed->port)},
                         {"ca", config.feed->ca}};
    ordered_json& shown_feed = shown["operator"];
    if (config.feed->token.empty()) {
      shown_feed["cert"] = config.feed->certificate;
      shown_feed["key"] = config.feed->key;
    } else {
      shown_feed["token"] = config.feed->token;
    }
    shown_feed["lookupTimeout"] = model::duration_text(config.feed->lookup_timeout);
    shown_feed["unusedAfter"] = model::duration_text(config.feed->unused_after);
    if (!config.feed->snapshot.empty()) shown_feed["snapshot"] = config.feed->snapshot;
  }
  return shown.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace outrigger::sidecar
