#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "cli/api_reader.h"
#include "model/service_port.h"

namespace outrigger::cli {

inline constexpr std::uint16_t kSidecarAdminPort = 4191;
inline constexpr std::uint16_t kOperatorAdminPort = 9090;

/// Bounds of one round of asking.
struct PodMetricsLimits {
  std::size_t at_a_time = 8;
  std::chrono::milliseconds of_one = std::chrono::seconds(5);
  std::chrono::milliseconds of_all = std::chrono::minutes(2);  ///< those not begun by then are not asked
  std::size_t bytes = std::size_t{32} << 20;                   ///< of one answer
};

/// What came of each pod: its /metrics, or why not. Called on several threads at a time.
using OnPodMetrics = std::function<void(const model::ObjectKey& pod, const Answer<std::string>& metrics)>;

/// Asks the pods for /metrics through the API server's proxy, which needs `get` of pods/proxy. Returns when all are
/// told of.
void fetch_pod_metrics(const kube::Config& config, const std::vector<model::ObjectKey>& pods, std::uint16_t port,
                       const OnPodMetrics& on_metrics, const PodMetricsLimits& limits = {});

}  // namespace outrigger::cli
