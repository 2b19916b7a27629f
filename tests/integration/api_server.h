#pragma once
#include <memory>
#include <string>

#include "fakes/certificates.h"
#include "integration/process.h"

namespace outrigger::integration {

/// Of the user whom operator_kubeconfig() names.
inline constexpr const char* kOperatorToken = "operators";

/// A real etcd and kube-apiserver, with no controllers, scheduler or kubelets. The programs are those of the directory
/// that OUTRIGGER_APISERVER_ASSETS names. Their ports are fixed: one at a time in a network namespace. One owner.
class ApiServer {
 public:
  /// Starts both and waits until the API server is ready. Throws when that is not possible.
  ApiServer();

  /// Of who may do everything.
  std::string kubeconfig() const { return file("kubeconfig"); }
  /// Of an operator, which may do what docs/configuration.md lists and nothing else.
  std::string operator_kubeconfig() const { return file("operator.kubeconfig"); }

  /// Starts the API server again, with the same data, after kill().
  void start();
  /// kill -9 of the API server; etcd goes on.
  void kill();
  /// SIGSTOP, or SIGCONT, of the API server.
  void stop(bool stopped);
  /// While the API server is away: moves etcd's revision on and compacts everything before it, so that no watch can
  /// go on from where it was.
  void compact();

 private:
  void write_kubeconfig(const char* name, const char* token) const;
  void let_operator_do_its_work() const;
  std::string file(const char* name) const { return folder_.path() / name; }

  fakes::TemporaryFolder folder_;
  std::string programs_;
  std::unique_ptr<Process> etcd_;
  std::unique_ptr<Process> server_;
};

}  // namespace outrigger::integration
