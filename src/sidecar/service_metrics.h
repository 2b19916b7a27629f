#pragma once
/// The sidecar's numbers, one block of cells for each worker: written by that worker alone, read by the control thread.
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "health/passive_health.h"
#include "metrics/cells.h"
#include "model/endpoint_set.h"

namespace outrigger::sidecar {

/// How one try at an endpoint ended; the label `outcome`.
enum class Outcome : std::uint8_t { success, server_error, connect_failure, reset, invalid, timeout, cancelled };
inline constexpr std::array<const char*, 7> kOutcomeNames = {"success", "server_error", "connect_failure", "reset",
                                                             "invalid", "timeout",      "cancelled"};

struct alignas(64) BackendCells {
  std::array<metrics::Counter, kOutcomeNames.size()> outcomes;
  metrics::Gauge in_flight;
  metrics::Gauge latency_ns;  ///< the moving average; 0: none
  metrics::Gauge standing;    ///< balance::Standing
  metrics::Gauge counts_for;  ///< in millionths of a unit of weight
  std::array<metrics::Counter, health::kReasons> ejections;
};

inline constexpr std::uint16_t kFirstStatus = 100;
inline constexpr std::uint16_t kLastStatus = 599;

struct alignas(64) ServiceCells {
  /// Answers to clients by status, from kFirstStatus.
  std::array<metrics::Counter, kLastStatus - kFirstStatus + 1> codes;
  metrics::Counter uses;  ///< requests and connections routed
  metrics::Counter retries;
  metrics::Gauge panic;  ///< 1: most endpoints are not well, and all are used
  metrics::DurationHistogram duration;
};

/// What a client's connection of which that was not known has turned out to speak; the label `protocol`.
enum class DetectedProtocol : std::uint8_t { http1, http2, tcp, server_first, unknown };
inline constexpr std::array<const char*, 5> kDetectedProtocolNames = {"http1", "http2", "tcp", "server_first",
                                                                      "unknown"};

struct alignas(64) WorkerCells {
  metrics::Gauge connections_active;
  metrics::Counter passed_through;
  metrics::Counter no_answers;
  metrics::Counter no_room;
  std::array<metrics::Counter, kDetectedProtocolNames.size()> detections;
};

/// Of one endpoint; `cells[w]` is worker w's.
struct BackendMetrics {
  explicit BackendMetrics(std::size_t workers) : cells(workers) {}
  std::vector<BackendCells> cells;
};

/// Of one service. The control thread makes it and owns the map; workers keep what they write alive.
struct ServiceMetrics {
  explicit ServiceMetrics(std::size_t workers) : cells(workers) {}
  std::vector<ServiceCells> cells;
};

}  // namespace outrigger::sidecar
