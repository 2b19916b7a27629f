#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "inject/settings.h"

namespace outrigger::inject {

/// How one pod's sidecar is to be: the settings, and what the pod's own annotations change of them.
struct PodOptions {
  Mode mode = Mode::transparent;
  Resources resources = {};
  std::uint32_t workers = 0;  ///< 0: not said; the sidecar takes as many as its CPU limit allows, or one
  model::PortRanges skip_ports = {};
};

/// What is wrong with annotations, one line each: "outrigger.dev/mode: 'x' is not allowed; allowed: ...".
struct ParsedPodOptions {
  PodOptions options;
  std::vector<std::string> errors;
};

/// A bad annotation leaves what the settings say. Any thread.
ParsedPodOptions parse_pod_options(const std::map<std::string, std::string>& annotations, const Settings& settings);

}  // namespace outrigger::inject
