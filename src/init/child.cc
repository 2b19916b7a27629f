#include "init/child.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <sstream>
#include <system_error>

namespace outrigger::init {
namespace {

std::string problem_of(int number) { return std::system_category().message(number); }

[[noreturn]] void be_child(const std::function<bool()>& work, std::chrono::seconds deadline, int output) {
  ::signal(SIGALRM, SIG_DFL);
  ::alarm(static_cast<unsigned>(deadline.count()));
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  const bool done = work();
  std::fflush(nullptr);
  ::_exit(done ? 0 : 1);
}

/// To the end, though no more is kept than a termination message may have.
std::string read_all(int fd) {
  constexpr std::size_t kKept = 4096;
  std::string text;
  char bytes[kKept];
  for (ssize_t count; (count = ::read(fd, bytes, sizeof(bytes))) != 0;) {
    if (count < 0 && errno != EINTR) break;
    if (count > 0) text.append(bytes, static_cast<std::size_t>(count)).resize(std::min(text.size(), kKept));
  }
  return text;
}

std::string ending(int status, std::chrono::seconds deadline) {
  if (WIFEXITED(status)) return "ended with status " + std::to_string(WEXITSTATUS(status));
  if (WTERMSIG(status) == SIGALRM) return "not done within " + std::to_string(deadline.count()) + " s";
  return std::string("ended by signal ") + ::strsignal(WTERMSIG(status));
}

}  // namespace

std::string complaint(const std::string& output) {
  std::istringstream lines(output);
  std::string first;
  for (std::string line; std::getline(lines, line);) {
    if (line.find("Error: ") != std::string::npos) return line;
    if (first.empty()) first = line;
  }
  return first;
}

Result<void> in_child(const std::function<bool()>& work, std::chrono::seconds deadline) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return failure("pipe: " + problem_of(errno));
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child == 0) be_child(work, deadline, ends[1]);
  const int problem = errno;
  ::close(ends[1]);
  const std::string output = child < 0 ? std::string() : read_all(ends[0]);
  ::close(ends[0]);
  if (child < 0) return failure("fork: " + problem_of(problem));
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return failure("waitpid: " + problem_of(errno));
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  const std::string said = complaint(output);
  const bool ordinary = WIFEXITED(status) && !said.empty();
  if (ordinary) return failure(said);
  return failure(said.empty() ? ending(status, deadline) : said + ", " + ending(status, deadline));
}

}  // namespace outrigger::init
