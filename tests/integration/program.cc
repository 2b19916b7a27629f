#include "integration/program.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <csignal>
#include <stdexcept>

namespace outrigger::integration {
namespace {

nlohmann::json parsed(const std::string& line) {
  auto json = nlohmann::json::parse(line, nullptr, false);
  return json.is_object() ? json : nlohmann::json::object();
}

}  // namespace

Program::~Program() {
  if (!process_.wait_for_end(std::chrono::seconds(0))) {
    process_.signal(SIGTERM);
    EXPECT_EQ(process_.wait_for_end(), 0) << "after SIGTERM";
  }
  for (const std::string& line : process_.lines()) {
    for (const char* trouble : {"Sanitizer", "runtime error:", "CHECK failed"}) {
      EXPECT_EQ(line.find(trouble), std::string::npos) << line;
    }
  }
}

std::string Program::address(const std::string& what, const std::string& name) {
  const auto line = process_.wait_for_line([&](const std::string& text) {
    const auto json = parsed(text);
    return json.value("message", "") == "listening" && json.value("what", "") == what &&
           (name.empty() || json.value("name", "") == name);
  });
  if (!line) throw std::runtime_error(fmt::format("the program does not say that it listens: {} {}", what, name));
  return parsed(*line).at("address");
}

std::optional<nlohmann::json> Program::logged(const std::string& message) {
  const auto line =
      process_.wait_for_line([&](const std::string& text) { return parsed(text).value("message", "") == message; });
  if (!line) return std::nullopt;
  return parsed(*line);
}

}  // namespace outrigger::integration
