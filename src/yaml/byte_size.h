#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "result/result.h"

namespace outrigger::yaml {

/// Reads "65536", "64KiB", "64MiB" or "1GiB": a whole number of bytes, or of a unit. The error is "'VALUE' is not
/// allowed; allowed: ...". Any thread.
Result<std::uint64_t> parse_byte_size(std::string_view text, std::uint64_t low, std::uint64_t high);
/// The shortest text that parse_byte_size() reads back as the same value.
std::string byte_size_text(std::uint64_t bytes);

}  // namespace outrigger::yaml
