#include "model/value_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "model/shown_value.h"

namespace outrigger::model {
namespace {

using std::chrono::milliseconds;

struct Unit {
  std::string_view name;
  milliseconds::rep ms;
};
constexpr std::array<Unit, 4> kUnits = {{{"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};

/// Digits alone, without a leading zero, which elsewhere would mean octal.
std::optional<std::uint32_t> whole_number(std::string_view text) {
  if (text.empty() || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::string not_allowed(std::string_view value, std::string_view allowed) {
  return "'" + shown_value(value) + "' is not allowed; allowed: " + std::string(allowed);
}

Result<std::uint32_t> parse_number(std::string_view text, std::uint32_t low, std::uint32_t high) {
  const auto number = whole_number(text);
  if (number && *number >= low && *number <= high) return *number;
  return failure(not_allowed(text, "whole numbers from " + std::to_string(low) + " to " + std::to_string(high)));
}

Result<milliseconds> parse_duration(std::string_view text) {
  if (text == "0") return milliseconds(0);
  for (const Unit& unit : kUnits) {
    if (!text.ends_with(unit.name)) continue;
    const auto number = whole_number(text.substr(0, text.size() - unit.name.size()));
    if (number && *number <= kMaxDuration.count() / unit.ms) return milliseconds(*number * unit.ms);
  }
  return failure(not_allowed(text, "0 or a whole number with a unit of ms, s, m or h, at most 24h"));
}

std::string duration_text(milliseconds value) {
  if (value == milliseconds(0)) return "0";
  const auto unit = std::find_if(kUnits.begin(), kUnits.end(),
                                 [&](const Unit& candidate) { return value.count() % candidate.ms == 0; });
  return std::to_string(value.count() / unit->ms) + std::string(unit->name);
}

}  // namespace outrigger::model
