#pragma once
/// One JSON object a line on stderr: time, level, program, message, then the given fields. Any thread.
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace outrigger::log {

using Field = std::pair<std::string_view, std::string_view>;

/// Before the first line; `program` is its name, e.g. "outrigger-sidecar".
void start(std::string_view program);

void info(std::string_view message, std::initializer_list<Field> fields = {});
void warn(std::string_view message, std::initializer_list<Field> fields = {});
void error(std::string_view message, std::initializer_list<Field> fields = {});

}  // namespace outrigger::log
