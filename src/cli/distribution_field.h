#pragma once
#include "health/passive_health.h"
#include "simulate/distribution.h"
#include "yaml/fields.h"

namespace outrigger::cli {

/// Reads how long things take: a time, or a map with the one key `constant`, `exponential`, `normal`, `lognormal`,
/// `pareto`, `bimodal` or `quantiles`. Requires the key to be there. Complains as the fields of yaml/fields.h do.
simulate::Distribution distribution(const YAML::Node& parent, const std::string& where, const std::string& key);

/// As the fields of yaml/fields.h.
health::Time time(const YAML::Node& parent, const std::string& where, const std::string& key, health::Time low,
                  health::Time high);
double decimal(const YAML::Node& parent, const std::string& where, const std::string& key, double low, double high);

}  // namespace outrigger::cli
