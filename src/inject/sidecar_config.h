#pragma once
#include <string>

#include "inject/pod_options.h"
#include "inject/settings.h"

namespace outrigger::inject {

/// Where the sidecar's container has what injection gives it.
inline constexpr const char* kConfigFolder = "/etc/outrigger";
inline constexpr const char* kStateFolder = "/var/lib/outrigger";
inline constexpr const char* kRedirectionReport = "/var/lib/outrigger/redirection";

/// The file of an injected sidecar in that namespace, as outrigger-sidecar --config reads it. Any thread.
std::string sidecar_config(const std::string& ns, const Settings& settings, const PodOptions& options);

}  // namespace outrigger::inject
