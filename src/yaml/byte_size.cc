#include "yaml/byte_size.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "model/shown_value.h"

namespace outrigger::yaml {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t bytes;
};
constexpr std::array<Unit, 4> kUnits = {{{"GiB", 1u << 30}, {"MiB", 1u << 20}, {"KiB", 1u << 10}, {"", 1}}};

}  // namespace

Result<std::uint64_t> parse_byte_size(std::string_view text, std::uint64_t low, std::uint64_t high) {
  const auto refuse = [&] {
    return failure(fmt::format(
        "'{}' is not allowed; allowed: sizes from {} to {}, a whole number of bytes or with KiB, MiB or GiB",
        model::shown_value(text), byte_size_text(low), byte_size_text(high)));
  };
  const auto unit =
      std::find_if(kUnits.begin(), kUnits.end(), [&](const Unit& one) { return text.ends_with(one.name); });
  const std::string_view digits = text.substr(0, text.size() - unit->name.size());
  if (digits.size() > 1 && digits.front() == '0') return refuse();
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size()) return refuse();
  if (number > std::numeric_limits<std::uint64_t>::max() / unit->bytes) return refuse();
  const std::uint64_t bytes = number * unit->bytes;
  if (bytes < low || bytes > high) return refuse();
  return bytes;
}

std::string byte_size_text(std::uint64_t bytes) {
  if (bytes == 0) return "0";
  const auto unit = std::find_if(kUnits.begin(), kUnits.end(), [&](const Unit& one) { return bytes % one.bytes == 0; });
  return fmt::format("{}{}", bytes / unit->bytes, unit->name);
}

}  // namespace outrigger::yaml
