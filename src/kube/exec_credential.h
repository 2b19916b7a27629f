#pragma once
#include <chrono>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "result/result.h"

namespace outrigger::kube {

/// A program that logs a kubeconfig's user in, as users[].user.exec says: a credential plugin of
/// client.authentication.k8s.io (https://kubernetes.io/docs/reference/config-api/client-authentication.v1/).
struct ExecPlugin {
  std::string api_version;  ///< "client.authentication.k8s.io/v1" or v1beta1
  std::string command;      ///< looked for in PATH unless it has a slash
  std::vector<std::string> arguments;
  std::vector<std::pair<std::string, std::string>> environment;  ///< beside this process's own, and before it
  std::string install_hint;                                      ///< for people, where there is no such program
  /// Whether it may ask the user, and whether it is of no use otherwise.
  enum class Interactive { never, if_available, always } interactive = Interactive::if_available;
  std::string cluster_json;  ///< what it is told of the cluster; empty: nothing
};

/// A plugin's token, kept until 10 s before it ends. Any thread; one call of the plugin at a time.
class ExecCredential {
 public:
  static constexpr std::chrono::seconds kDefaultDeadline{120};  ///< a person may have to log in
  static constexpr std::size_t kMaxAnswer = 1 << 20;            ///< bytes

  /// Runs nothing. A plugin that takes longer than `deadline` is killed.
  explicit ExecCredential(ExecPlugin plugin, std::chrono::milliseconds deadline = kDefaultDeadline);

  /// Runs the plugin where there is no token that still holds. Its stderr is ours, its stdin too where it may ask and
  /// we have a terminal. The error names the program and what is wrong, never what it printed.
  Result<std::string> token();

 private:
  Result<void> renew();

  const ExecPlugin plugin_;
  const std::chrono::milliseconds deadline_;
  std::mutex mutex_;
  std::string token_;                                  ///< empty: none yet
  std::chrono::system_clock::time_point valid_until_;  ///< of the token
};

}  // namespace outrigger::kube
