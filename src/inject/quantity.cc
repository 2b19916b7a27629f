#include "inject/quantity.h"

#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <utility>

#include "model/value_text.h"

namespace outrigger::inject {
namespace {

constexpr double kKilo = 1'000;
constexpr double kKibi = 1'024;
constexpr std::array<std::pair<std::string_view, double>, 10> kSuffixes{{{"", 1},
                                                                         {"m", 1 / kKilo},
                                                                         {"k", kKilo},
                                                                         {"M", kKilo* kKilo},
                                                                         {"G", kKilo* kKilo* kKilo},
                                                                         {"T", kKilo* kKilo* kKilo* kKilo},
                                                                         {"Ki", kKibi},
                                                                         {"Mi", kKibi* kKibi},
                                                                         {"Gi", kKibi* kKibi* kKibi},
                                                                         {"Ti", kKibi* kKibi* kKibi* kKibi}}};

std::optional<double> parse_quantity(std::string_view text) {
  const std::size_t end = text.find_first_not_of("0123456789.");
  const std::string_view digits = text.substr(0, end);
  const std::string_view suffix = end == std::string_view::npos ? std::string_view() : text.substr(end);
  double number = 0;
  const auto [stop, problem] =
      std::from_chars(digits.data(), digits.data() + digits.size(), number, std::chars_format::fixed);
  if (problem != std::errc{} || stop != digits.data() + digits.size()) return std::nullopt;
  for (const auto& [name, factor] : kSuffixes) {
    if (suffix == name) return number * factor;
  }
  return std::nullopt;
}

}  // namespace

Result<std::int64_t> parse_cpu(std::string_view text) {
  constexpr double kMostCores = 256;
  const auto cores = parse_quantity(text);
  if (!cores || *cores * kKilo < 1 || *cores > kMostCores) {
    return failure(model::not_allowed(text, "cores from 1m to 256, as in 100m or 0.5"));
  }
  // 0.3 is a little more in binary than three tenths.
  return static_cast<std::int64_t>(std::ceil(*cores * kKilo - 1e-6));
}

Result<std::int64_t> parse_memory(std::string_view text) {
  constexpr double kLeast = 16 * kKibi * kKibi;
  constexpr double kMost = kKibi * kKibi * kKibi * kKibi;
  const auto bytes = parse_quantity(text);
  if (!bytes || *bytes < kLeast || *bytes > kMost) {
    return failure(model::not_allowed(text, "bytes from 16Mi to 1Ti, as in 64Mi"));
  }
  return static_cast<std::int64_t>(std::ceil(*bytes));
}

}  // namespace outrigger::inject
