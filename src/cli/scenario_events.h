#pragma once
#include <yaml-cpp/yaml.h>

#include <string>

#include "simulate/scenario.h"

namespace outrigger::cli {

inline constexpr double kMaxRate = 1e8;  ///< requests a second
inline constexpr double kLeastSpeed = 1e-6;
inline constexpr double kMostSpeed = 1e6;

/// Reads one of a scenario's events, for whose backends they are known. Complains as yaml/fields.h does.
simulate::ScenarioEvent read_event(const YAML::Node& node, const std::string& where,
                                   const simulate::Scenario& scenario);

}  // namespace outrigger::cli
