#include "cli/quantities.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "model/value_text.h"

namespace outrigger::cli {
namespace {

struct Unit {
  std::string_view name;
  double ns;
};
/// A longer name before the one that it ends with.
constexpr std::array<Unit, 6> kUnits = {{{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3'600e9}}};
constexpr double kLongest = 24 * 3'600e9;  // ns

std::optional<double> decimal(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number)) return std::nullopt;
  return number;
}

}  // namespace

Result<double> parse_decimal(std::string_view text, double low, double high) {
  const auto number = decimal(text);
  if (number && *number >= low && *number <= high) return *number;
  return failure(model::not_allowed(text, fmt::format("numbers from {} to {}", low, high)));
}

Result<health::Time> parse_time(std::string_view text) {
  if (text == "0") return health::Time(0);
  for (const Unit& unit : kUnits) {
    if (!text.ends_with(unit.name)) continue;
    const auto number = decimal(text.substr(0, text.size() - unit.name.size()));
    if (!number) continue;
    if (*number < 0 || *number * unit.ns > kLongest) break;
    return health::Time(static_cast<health::Time::rep>(std::llround(*number * unit.ns)));
  }
  return failure(model::not_allowed(text, "0 or a number with a unit of ns, us, ms, s, m or h, at most 24h"));
}

}  // namespace outrigger::cli
