#pragma once
#include <string>
#include <string_view>

namespace outrigger::model {

/// A value from outside as an error may show it: its first 128 bytes at most, never half a character; control
/// characters (C0, DEL, C1) and bytes that are not UTF-8 each become '?'. Any thread.
std::string shown_value(std::string_view value);

}  // namespace outrigger::model
