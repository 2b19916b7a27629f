#include "integration/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <exception>
#include <iostream>
#include <system_error>

namespace outrigger::integration {

Process::Process(std::vector<std::string> command) : command_(std::move(command)) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe2");
  std::vector<char*> arguments;
  for (std::string& argument : command_) arguments.push_back(argument.data());
  arguments.push_back(nullptr);

  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) {
    // Only what is async-signal-safe: other threads' locks are held for ever in this copy.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);
    ::dup2(::open("/dev/null", O_RDONLY | O_CLOEXEC), STDIN_FILENO);
    ::dup2(ends[1], STDOUT_FILENO);
    ::dup2(ends[1], STDERR_FILENO);
    ::execvp(arguments[0], arguments.data());
    constexpr std::string_view kProblem = "cannot be started\n";
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, kProblem.data(), kProblem.size());
    ::_exit(127);
  }
  const int problem = errno;
  ::close(ends[1]);
  if (pid_ < 0) throw std::system_error(problem, std::generic_category(), "fork");
  reader_ = std::thread([this, fd = ends[0]] { read_lines(fd); });
}

Process::~Process() {
  kill();
  reader_.join();
  if (!::testing::Test::HasFailure() && std::uncaught_exceptions() == 0) return;
  constexpr std::size_t kShown = 40;
  std::cerr << "--- last lines of " << command_[0] << " (status " << *status_ << "):\n";
  for (std::size_t i = lines_.size() - std::min(lines_.size(), kShown); i < lines_.size(); ++i) {
    std::cerr << lines_[i] << '\n';
  }
}

void Process::read_lines(int fd) {
  std::string partial;
  char bytes[16 * 1024];
  for (ssize_t count; (count = ::read(fd, bytes, sizeof bytes)) > 0;) {
    partial.append(bytes, static_cast<std::size_t>(count));
    std::size_t start = 0;
    for (std::size_t end; (end = partial.find('\n', start)) != std::string::npos; start = end + 1) {
      const std::lock_guard lock(mutex_);
      lines_.push_back(partial.substr(start, end - start));
    }
    partial.erase(0, start);
    changed_.notify_all();
  }
  ::close(fd);
  const std::lock_guard lock(mutex_);
  if (!partial.empty()) lines_.push_back(partial);
  ended_ = true;
  changed_.notify_all();
}

std::optional<std::string> Process::wait_for_line(const LineIs& is, std::chrono::milliseconds deadline) {
  std::unique_lock lock(mutex_);
  std::size_t looked_at = 0;
  std::optional<std::string> found;
  changed_.wait_for(lock, deadline, [&] {
    for (; !found && looked_at < lines_.size(); ++looked_at) {
      if (is(lines_[looked_at])) found = lines_[looked_at];
    }
    return found || ended_;
  });
  return found;
}

std::vector<std::string> Process::lines() const {
  const std::lock_guard lock(mutex_);
  return lines_;
}

void Process::signal(int number) {
  if (!status_) ::kill(pid_, number);
}

std::optional<int> Process::wait_for_end(std::chrono::milliseconds deadline) {
  eventually(
      [this] {
        int status = 0;
        if (!status_ && ::waitpid(pid_, &status, WNOHANG) == pid_) {
          status_ = WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
        }
        return status_.has_value();
      },
      deadline);
  if (status_) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, deadline, [this] { return ended_; });
  }
  return status_;
}

void Process::kill() {
  signal(SIGKILL);
  // Nothing survives SIGKILL; a process that cannot be reaped is a machine that cannot go on.
  while (!wait_for_end()) continue;
}

}  // namespace outrigger::integration
