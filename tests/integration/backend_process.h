#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "integration/process.h"

namespace outrigger::integration {

/// Whether this program was started to be a backend's process, and what it does then: answers until it is killed.
bool is_backend(int argc, char** argv);
int run_backend(char** argv);

/// A Backend in a process of its own, that can be killed. One owner.
class BackendProcess {
 public:
  /// `address`: with a port. `time`: what an answer takes.
  BackendProcess(std::string name, std::string address, std::chrono::milliseconds time = {});

  const std::string& address() const { return address_; }
  /// kill -9
  void kill() { process_.reset(); }
  /// It listens when this returns.
  void start();
  /// The most requests that it has had at a time, since it was last asked.
  std::uint64_t most_in_flight() const;

 private:
  std::string name_;
  std::string address_;
  std::chrono::milliseconds time_;
  std::unique_ptr<Process> process_;
};

}  // namespace outrigger::integration
