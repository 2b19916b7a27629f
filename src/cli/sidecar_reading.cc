#include "cli/sidecar_reading.h"

#include <algorithm>
#include <cmath>

#include "cli/prometheus_text.h"

namespace outrigger::cli {
namespace {

/// Labels of ours are names and addresses.
constexpr std::size_t kMaxLabelBytes = 512;

class Reader {
 public:
  /// False: the page says more than a sidecar may.
  bool within_bounds() const { return within_bounds_; }
  SidecarReading take() { return std::move(reading_); }

  void read(const Sample& sample) {
    // A hostile page may say anything; no sum is spoilt by it.
    if (!std::isfinite(sample.value) || sample.value < 0) return;
    if (sample.name == "outrigger_build_info") reading_.version = sample.label("version").substr(0, kMaxLabelBytes);
    if (sample.name == "outrigger_feed_connected") reading_.feed_connected = sample.value > 0;
    if (sample.name == "outrigger_panic") {
      if (ServiceReading* const service = service_of(sample)) service->panic = sample.value > 0;
    } else if (sample.name == "outrigger_requests_total") {
      if (ServiceReading* const service = service_of(sample)) {
        service->requests += sample.value;
        if (sample.label("code").starts_with('5')) service->server_errors += sample.value;
      }
    } else if (sample.name.starts_with("outrigger_backend_")) {
      if (BackendReading* const backend = backend_of(sample)) read_backend(sample, *backend);
    }
  }

 private:
  static void read_backend(const Sample& sample, BackendReading& backend) {
    const std::string& name = sample.name;
    if (name == "outrigger_backend_weight") backend.weight = sample.value;
    if (name == "outrigger_backend_effective_weight") backend.effective_weight = sample.value;
    if (name == "outrigger_backend_in_flight") backend.in_flight = sample.value;
    if (name == "outrigger_backend_latency_ewma_seconds") backend.latency_seconds = sample.value;
    if (name == "outrigger_backend_requests_total") add(backend.tries, sample.label("outcome"), sample.value);
    if (name == "outrigger_backend_ejections_total" && sample.value > 0) {
      add(backend.ejections, sample.label("reason"), sample.value);
    }
    if (name == "outrigger_backend_state" && sample.value > 0) {
      const auto* const state = std::find(kStates.begin(), kStates.end(), sample.label("state"));
      if (state == kStates.end()) return;
      const auto index = static_cast<std::size_t>(state - kStates.begin());
      backend.state = std::min(backend.state.value_or(index), index);
    }
  }

  static void add(std::map<std::string, double>& counts, const std::string& label, double value) {
    constexpr std::size_t kMaxOutcomes = 16;
    if (label.size() > kMaxLabelBytes || (counts.size() >= kMaxOutcomes && !counts.contains(label))) return;
    counts[label] += value;
  }

  ServiceReading* service_of(const Sample& sample) {
    const std::string& name = sample.label("service");
    if (name.empty() || name.size() > kMaxLabelBytes) return nullptr;
    if (reading_.services.size() >= kMaxServices && !reading_.services.contains(name)) {
      within_bounds_ = false;
      return nullptr;
    }
    return &reading_.services[name];
  }

  BackendReading* backend_of(const Sample& sample) {
    const std::string& address = sample.label("backend");
    if (address.empty() || address.size() > kMaxLabelBytes) return nullptr;
    ServiceReading* const service = service_of(sample);
    if (service == nullptr) return nullptr;
    if (const auto known = service->backends.find(address); known != service->backends.end()) return &known->second;
    if (backends_ >= kMaxBackends) {
      within_bounds_ = false;
      return nullptr;
    }
    ++backends_;
    return &service->backends[address];
  }

  SidecarReading reading_;
  std::size_t backends_ = 0;
  bool within_bounds_ = true;
};

tl::unexpected<Denial> not_readable(std::string text) {
  return tl::unexpected(Denial{Denial::Why::failed, std::move(text)});
}

}  // namespace

Answer<SidecarReading> read_sidecar(std::string_view metrics) {
  Reader reader;
  const auto done = read_samples(metrics, "outrigger_", [&](const Sample& sample) { reader.read(sample); });
  if (!done) return not_readable("/metrics: " + done.error().text);
  if (!reader.within_bounds()) return not_readable("/metrics: more Services and backends than a sidecar may know");
  SidecarReading reading = reader.take();
  if (reading.version.empty())
    return not_readable("/metrics: there is no outrigger_build_info: no sidecar answers there");
  return reading;
}

}  // namespace outrigger::cli
