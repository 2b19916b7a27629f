#pragma once
#include <nlohmann/json.hpp>

#include "inject/pod_options.h"
#include "inject/settings.h"

namespace outrigger::inject {

/// The parts of a pod that are ours, as Kubernetes writes them. Any thread.
nlohmann::json init_container(const Settings& settings, const PodOptions& options);
nlohmann::json sidecar_container(const Settings& settings, const PodOptions& options);
nlohmann::json volumes(const Settings& settings);
inline constexpr const char* kConfigVolume = "outrigger-config";
inline constexpr const char* kStateVolume = "outrigger-state";

inline constexpr const char* kConfigAnnotation = "outrigger.dev/config";
inline constexpr const char* kTrustBundleAnnotation = "outrigger.dev/trust-bundle";

}  // namespace outrigger::inject
