#include "kube/exec_credential.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <system_error>

#include "kube/json_path.h"

namespace outrigger::kube {
namespace {

using nlohmann::json;
using std::chrono::steady_clock;
using std::chrono::system_clock;

constexpr std::chrono::seconds kBeforeItsEnd{10};

std::string reason(int number) { return std::system_category().message(number); }

/// RFC 3339.
std::optional<system_clock::time_point> parse_time(const std::string& text) {
  std::tm parts{};
  const char* rest = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (rest != nullptr && *rest == '.') rest += 1 + std::strspn(rest + 1, "0123456789");
  std::tm zone{};
  rest = rest == nullptr ? nullptr : ::strptime(rest, "%z", &zone);
  if (rest == nullptr || *rest != '\0') return std::nullopt;
  return system_clock::from_time_t(::timegm(&parts) - zone.tm_gmtoff);
}

/// What posix_spawn() takes beside the program, freed with its object.
class SpawnSetting {
 public:
  SpawnSetting(int output, bool may_ask) {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
    if (!may_ask) ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawnattr_init(&attributes_);
    // The client ignores it, which a new program would inherit.
    sigset_t pipe;
    ::sigemptyset(&pipe);
    ::sigaddset(&pipe, SIGPIPE);
    ::posix_spawnattr_setsigdefault(&attributes_, &pipe);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnSetting() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  SpawnSetting(const SpawnSetting&) = delete;
  SpawnSetting& operator=(const SpawnSetting&) = delete;

  const posix_spawn_file_actions_t* actions() const { return &actions_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  all.reserve(texts.size() + 1);
  for (std::string& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

std::vector<std::string> environment(const ExecPlugin& plugin, bool may_ask) {
  json info{{"kind", "ExecCredential"}, {"apiVersion", plugin.api_version}, {"spec", {{"interactive", may_ask}}}};
  if (!plugin.cluster_json.empty()) info["spec"]["cluster"] = json::parse(plugin.cluster_json);
  std::map<std::string, std::string> variables;
  for (char** own = environ; *own != nullptr; ++own) {
    const std::string_view variable = *own;
    const std::size_t name_size = std::min(variable.find('='), variable.size());
    variables.emplace(variable.substr(0, name_size), variable.substr(name_size));
  }
  for (const auto& [name, value] : plugin.environment) variables[name] = "=" + value;
  variables["KUBERNETES_EXEC_INFO"] = "=" + info.dump();
  std::vector<std::string> all;
  all.reserve(variables.size());
  for (const auto& [name, value] : variables) all.push_back(name + value);
  return all;
}

/// Until there is something to read. An error: not before the deadline.
Result<void> wait_for(int fd, steady_clock::time_point deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now());
    pollfd ready{.fd = fd, .events = POLLIN, .revents = 0};
    const int count = left.count() > 0 ? ::poll(&ready, 1, static_cast<int>(left.count())) : 0;
    if (count > 0) return {};
    if (count == 0) return failure("takes too long");
    if (errno != EINTR) return failure("poll: " + reason(errno));
  }
}

/// Until the other side closes it.
Result<std::string> read_all(int fd, steady_clock::time_point deadline) {
  std::string text;
  char bytes[4096];
  for (;;) {
    if (const auto ready = wait_for(fd, deadline); !ready) return tl::unexpected(ready.error());
    const ssize_t size = ::read(fd, bytes, sizeof(bytes));
    if (size < 0) return failure("read: " + reason(errno));
    if (size == 0) return text;
    text.append(bytes, static_cast<std::size_t>(size));
    if (text.size() > ExecCredential::kMaxAnswer) return failure("its answer is longer than 1 MiB");
  }
}

/// The child's end, which is its work done well or an error. One that is not at its end by the deadline, or not
/// `wanted` any more, is killed.
Result<void> reap(pid_t child, bool wanted, steady_clock::time_point deadline) {
  Result<void> ended;
  // glibc 2.36 declares no pidfd_open() that C++ could link.
  if (const int fd = wanted ? static_cast<int>(::syscall(SYS_pidfd_open, child, 0)) : -1; fd >= 0) {
    ended = wait_for(fd, deadline);
    ::close(fd);
    wanted = ended.has_value();
  }
  if (!wanted) ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!ended) return ended;
  if (WIFSIGNALED(status)) return failure(std::string("ended by signal ") + ::strsignal(WTERMSIG(status)));
  if (WEXITSTATUS(status) != 0) return failure(fmt::format("ended with status {}", WEXITSTATUS(status)));
  return {};
}

/// What the plugin prints.
Result<std::string> run(const ExecPlugin& plugin, bool may_ask, std::chrono::milliseconds limit) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return failure("pipe: " + reason(errno));
  std::vector<std::string> words{plugin.command};
  words.insert(words.end(), plugin.arguments.begin(), plugin.arguments.end());
  std::vector<std::string> variables = environment(plugin, may_ask);
  const SpawnSetting setting(ends[1], may_ask);
  pid_t child = 0;
  const int problem = ::posix_spawnp(&child, plugin.command.c_str(), setting.actions(), setting.attributes(),
                                     pointers(words).data(), pointers(variables).data());
  ::close(ends[1]);
  if (problem != 0) {
    ::close(ends[0]);
    const std::string hint = plugin.install_hint.empty() ? "" : "; " + plugin.install_hint;
    return failure("cannot be run: " + reason(problem) + hint);
  }
  const auto deadline = steady_clock::now() + limit;
  auto answer = read_all(ends[0], deadline);
  ::close(ends[0]);
  const auto done = reap(child, answer.has_value(), deadline);
  if (answer && !done) return tl::unexpected(done.error());
  return answer;
}

}  // namespace

ExecCredential::ExecCredential(ExecPlugin plugin, std::chrono::milliseconds deadline)
    : plugin_(std::move(plugin)), deadline_(deadline) {}

Result<std::string> ExecCredential::token() {
  const std::lock_guard lock(mutex_);
  if (token_.empty() || system_clock::now() + kBeforeItsEnd >= valid_until_) {
    if (const auto done = renew(); !done) return failure("exec: " + plugin_.command + ": " + done.error().text);
  }
  return token_;
}

Result<void> ExecCredential::renew() {
  using Interactive = ExecPlugin::Interactive;
  const bool may_ask = plugin_.interactive != Interactive::never && ::isatty(STDIN_FILENO) == 1;
  if (plugin_.interactive == Interactive::always && !may_ask) return failure("needs a terminal (interactiveMode)");
  const auto answer = run(plugin_, may_ask, deadline_);
  if (!answer) return tl::unexpected(answer.error());

  const json object = json::parse(*answer, nullptr, false);
  if (text_at(object, {"kind"}) != "ExecCredential") {
    return failure("its answer is not allowed; allowed: an ExecCredential in JSON");
  }
  if (text_at(object, {"apiVersion"}) != plugin_.api_version) {
    return failure("its answer's apiVersion is not allowed; allowed: " + plugin_.api_version);
  }
  std::string token = text_at(object, {"status", "token"});
  if (token.empty()) return failure("its answer has no status.token, the only credential that is supported");
  const std::string end = text_at(object, {"status", "expirationTimestamp"});
  const auto valid_until = end.empty() ? system_clock::time_point::max() : parse_time(end);
  if (!valid_until) return failure("its answer's status.expirationTimestamp is not allowed; allowed: RFC 3339");
  token_ = std::move(token);
  valid_until_ = *valid_until;
  return {};
}

}  // namespace outrigger::kube
