#pragma once
/// Numbers and durations as annotations and the sidecar's file write them. Any thread.
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "result/result.h"

namespace outrigger::model {

/// "'VALUE' is not allowed; allowed: ALLOWED", the value as shown_value() gives it.
std::string not_allowed(std::string_view value, std::string_view allowed);

/// Exact decimal integers in a range; used for annotations and for the sidecar's file alike. The error says
/// "'VALUE' is not allowed; allowed: whole numbers from LOW to HIGH".
Result<std::uint32_t> parse_number(std::string_view text, std::uint32_t low, std::uint32_t high);

inline constexpr std::chrono::milliseconds kMaxDuration = std::chrono::hours(24);
/// "250ms", "1s", "30s", "5m", "1h", "0"; whole numbers with one unit, at most 24h.
Result<std::chrono::milliseconds> parse_duration(std::string_view text);
/// The shortest text that parse_duration() reads back as the same value.
std::string duration_text(std::chrono::milliseconds value);

}  // namespace outrigger::model
