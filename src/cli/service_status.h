#pragma once
/// Services as all sidecars see them. Values in, values out; one owner.
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/sidecar_reading.h"
#include "model/service_port.h"

namespace outrigger::cli {

/// Which Service is asked for: "NAME", "NAMESPACE/NAME", either with ":PORT".
struct ServiceQuery {
  model::ObjectKey service;
  std::uint16_t port = 0;  ///< 0: all of its ports

  /// `ns`: where the text names none. The error names the value and what is allowed.
  static Result<ServiceQuery> parse(std::string_view text, const std::string& ns);
  /// `service`: "NAMESPACE/NAME:PORT".
  bool matches(std::string_view service) const;
  std::string text() const;
};

/// One backend of one Service, over the sidecars that know it.
struct BackendStatus {
  std::size_t sidecars = 0;
  std::array<std::size_t, kStates.size()> states{};  ///< how many of them see it so
  double min_weight = 0;
  double max_weight = 0;
  double min_effective_weight = 0;
  double max_effective_weight = 0;
  double in_flight = 0;
  std::vector<double> latencies;  ///< in seconds; of those that have one
  std::map<std::string, double> tries;
  std::map<std::string, double> ejections;

  /// Requests go there from at least half of the sidecars that know it.
  bool ready() const;
  double tries_in_all() const;
  /// Of the sidecars' averages; none: nobody has one.
  std::optional<double> median_latency() const;
};

struct ServiceStatus {
  std::size_t sidecars = 0;
  std::size_t panicking = 0;  ///< of them
  double requests = 0;
  double server_errors = 0;
  std::map<std::string, BackendStatus> backends;  ///< by address

  std::size_t ready() const;
  /// Of all tries at backends; `failed` are those that were neither well nor given up by the client.
  double tries() const;
  double failed_tries() const;
};

using ServiceStatuses = std::map<std::string, ServiceStatus>;  ///< by "NAMESPACE/NAME:PORT"

/// Of all that is kept; what a cluster has is below.
inline constexpr std::size_t kMaxBackendStatuses = 500'000;

class StatusCollector {
 public:
  /// None: all Services are collected, without latencies.
  explicit StatusCollector(std::optional<ServiceQuery> query) : query_(std::move(query)) {}

  void add(const SidecarReading& reading);

  const ServiceStatuses& services() const { return services_; }
  std::size_t sidecars() const { return sidecars_; }
  /// Something was left out, since there is too much of it.
  bool truncated() const { return truncated_; }

 private:
  void add(const ServiceReading& reading, ServiceStatus& status);

  std::optional<ServiceQuery> query_;
  ServiceStatuses services_;
  std::size_t sidecars_ = 0;
  std::size_t backends_ = 0;
  bool truncated_ = false;
};

}  // namespace outrigger::cli
