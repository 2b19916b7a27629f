#pragma once
/// Numbers and times as scenarios write them: finer than Service options need. Any thread.
#include <string_view>

#include "health/passive_health.h"
#include "result/result.h"

namespace outrigger::cli {

/// "0.25", "1e6"; finite, from `low` to `high`. The error is "'VALUE' is not allowed; allowed: ...".
Result<double> parse_decimal(std::string_view text, double low, double high);
/// "200us", "1.5ms", "30s", "0": a number from 0 with a unit of ns, us, ms, s, m or h, at most 24h.
Result<health::Time> parse_time(std::string_view text);

}  // namespace outrigger::cli
