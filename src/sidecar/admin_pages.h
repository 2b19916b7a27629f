#pragma once
/// What the admin address shows. Control thread only.
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "metrics/exposition.h"
#include "sidecar/config.h"
#include "sidecar/routing_table.h"

namespace outrigger::sidecar {

struct StateReading {
  const RoutingTable& table;
  std::span<const WorkerCells> workers;
  std::optional<bool> feed_connected;  ///< empty: runs from a file alone
  /// Since the operator last confirmed what we have; empty: it never did.
  std::optional<std::chrono::system_clock::duration> snapshot_age;
  /// Of a certificate that the operator has issued.
  std::optional<std::chrono::system_clock::time_point> certificate_expiry = {};
  std::optional<bool> redirected = {};  ///< whether the pod's connections are; empty: not known
};

/// The Prometheus page.
std::string metrics_text(const StateReading& reading);
/// The configuration in force as parse_config() would read it: in the words of the file, with what has its default too.
/// Files are named, not shown.
std::string config_json(const Config& config);

}  // namespace outrigger::sidecar
