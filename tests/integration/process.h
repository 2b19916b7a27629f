#pragma once
#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "integration/eventually.h"

namespace outrigger::integration {

/// A program run by a test. What it writes to stdout and stderr is kept, line by line; when the test has failed its
/// last lines are printed at its end. It is killed with this object and with the thread that made it, whatever happens.
/// One owner.
class Process {
 public:
  using LineIs = std::function<bool(const std::string&)>;

  /// Starts `command[0]`, found in PATH. Throws when that is not possible.
  explicit Process(std::vector<std::string> command);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  /// The first line, of those there are and those to come, for which `is` holds; nothing when there is none by the
  /// deadline or the program's end.
  std::optional<std::string> wait_for_line(const LineIs& is, std::chrono::milliseconds deadline = kDeadline);
  std::vector<std::string> lines() const;

  pid_t pid() const { return pid_; }
  void signal(int number);
  /// Its exit status, or minus the signal that ended it, once all its lines are there; nothing when it is still running
  /// at the deadline.
  std::optional<int> wait_for_end(std::chrono::milliseconds deadline = kDeadline);
  /// SIGKILL, and waits for its end.
  void kill();

 private:
  void read_lines(int fd);

  std::vector<std::string> command_;
  pid_t pid_ = -1;
  std::optional<int> status_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;  ///< guarded by mutex_, as is what follows
  bool ended_ = false;              ///< the program has closed its end of the pipe
  std::thread reader_;
};

}  // namespace outrigger::integration
