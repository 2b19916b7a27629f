#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace outrigger::model {

inline constexpr std::size_t kMaxShownBytes = 128;

/// A value from outside as an error may show it: its first `max_bytes` at most, never half a character; control
/// characters (C0, DEL, C1) and bytes that are not UTF-8 each become '?'. Any thread.
std::string shown_value(std::string_view value, std::size_t max_bytes = kMaxShownBytes);

}  // namespace outrigger::model
