#include "model/port_ranges.h"

#include <algorithm>
#include <optional>

#include "model/value_text.h"

namespace outrigger::model {
namespace {

constexpr std::uint32_t kMaxPort = 65'535;

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

std::optional<PortRange> parse_range(std::string_view text) {
  const std::size_t dash = text.find('-');
  const auto first = parse_number(text.substr(0, dash), 1, kMaxPort);
  const auto last = dash == std::string_view::npos ? first : parse_number(text.substr(dash + 1), 1, kMaxPort);
  if (!first || !last || *first > *last) return std::nullopt;
  return PortRange{static_cast<std::uint16_t>(*first), static_cast<std::uint16_t>(*last)};
}

PortRanges normal(PortRanges ports) {
  std::sort(ports.begin(), ports.end(), [](const PortRange& a, const PortRange& b) { return a.first < b.first; });
  PortRanges joined;
  for (const PortRange& range : ports) {
    if (!joined.empty() && range.first <= std::uint32_t{joined.back().last} + 1) {
      joined.back().last = std::max(joined.back().last, range.last);
    } else {
      joined.push_back(range);
    }
  }
  return joined;
}

}  // namespace

Result<PortRanges> parse_ports(std::string_view text) {
  PortRanges ports;
  std::string_view rest = trimmed(text);
  while (!rest.empty()) {
    const std::size_t comma = rest.find(',');
    const auto range = parse_range(trimmed(rest.substr(0, comma)));
    const bool ends_with_comma = comma == rest.size() - 1;
    if (!range || ends_with_comma) {
      return failure(not_allowed(text, "ports from 1 to 65535 and ranges of them, as in 53,9000-9100"));
    }
    ports.push_back(*range);
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
  }
  return normal(std::move(ports));
}

PortRanges merged(PortRanges one, const PortRanges& other) {
  one.insert(one.end(), other.begin(), other.end());
  return normal(std::move(one));
}

std::string ports_text(const PortRanges& ports) {
  std::string text;
  for (const PortRange& range : ports) {
    if (!text.empty()) text += ',';
    text += std::to_string(range.first);
    if (range.last != range.first) text += '-' + std::to_string(range.last);
  }
  return text;
}

}  // namespace outrigger::model
