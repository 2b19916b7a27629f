#pragma once
/// Small files as a whole. Any thread; blocking. Errors name the path.
#include <cstddef>
#include <string>
#include <string_view>

#include "result/result.h"

namespace outrigger::uplink {

/// Who reads it sees the old or the new one, also after a crash. Only the owner may read it.
Result<void> replace_file(const std::string& path, std::string_view text);
/// A file of more than `max_bytes` is an error.
Result<std::string> read_whole_file(const std::string& path, std::size_t max_bytes);

}  // namespace outrigger::uplink
