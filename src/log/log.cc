#include "log/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <nlohmann/json.hpp>

namespace outrigger::log {
namespace {

/// Made before there are threads: spdlog's default one is made by whichever of them logs first.
const std::shared_ptr<spdlog::logger> kLogger = spdlog::stderr_logger_mt("outrigger");

void write(spdlog::level::level_enum level, std::string_view message, std::initializer_list<Field> fields) {
  nlohmann::ordered_json line;
  line["message"] = message;
  for (const auto& [key, value] : fields) line[std::string(key)] = value;
  const std::string text = line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  // The pattern opens the object; what follows is this one's inside.
  kLogger->log(level, "{}", std::string_view(text).substr(1));
}

}  // namespace

void start(std::string_view program) {
  kLogger->set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","program":")" + std::string(program) + R"(",%v)",
                       spdlog::pattern_time_type::utc);
}

void info(std::string_view message, std::initializer_list<Field> fields) {
  write(spdlog::level::info, message, fields);
}
void warn(std::string_view message, std::initializer_list<Field> fields) {
  write(spdlog::level::warn, message, fields);
}
void error(std::string_view message, std::initializer_list<Field> fields) {
  write(spdlog::level::err, message, fields);
}

}  // namespace outrigger::log
