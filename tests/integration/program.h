#pragma once
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "integration/process.h"

namespace outrigger::integration {

/// One of the project's programs, running. At its end it gets SIGTERM, and the test fails unless it exits with status
/// 0; the test also fails when a sanitizer or a CHECK has said anything. One owner.
class Program {
 public:
  explicit Program(std::vector<std::string> command) : process_(std::move(command)) {}
  ~Program();

  /// Where it listens for `what` ("feed", "admin", or "listener" with a name): waits for its log line. Throws when
  /// there is none.
  std::string address(const std::string& what, const std::string& name = "");
  /// Waits for a log line whose message is `message`.
  std::optional<nlohmann::json> logged(const std::string& message);

  pid_t pid() const { return process_.pid(); }
  void signal(int number) { process_.signal(number); }
  std::optional<int> wait_for_end() { return process_.wait_for_end(); }
  /// kill -9
  void kill() { process_.kill(); }
  std::vector<std::string> lines() const { return process_.lines(); }

 private:
  Process process_;
};

}  // namespace outrigger::integration
