#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "result/result.h"

namespace outrigger::model {

/// Ports `first` to `last`, both included; 1 to 65535.
struct PortRange {
  std::uint16_t first = 1;
  std::uint16_t last = 1;
  bool operator==(const PortRange&) const = default;
};

/// A set of ports as sorted ranges that neither touch nor overlap. Plain values; any thread.
using PortRanges = std::vector<PortRange>;

/// Reads "53,10250,9000-9100" in any order; nothing, or blanks alone, is no port. The error is "'VALUE' is not allowed;
/// allowed: ...".
Result<PortRanges> parse_ports(std::string_view text);
/// The ports of both.
PortRanges merged(PortRanges one, const PortRanges& other);
/// What parse_ports() reads as the same.
std::string ports_text(const PortRanges& ports);

}  // namespace outrigger::model
