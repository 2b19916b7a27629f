#pragma once
#include <condition_variable>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "fakes/certificates.h"
#include "net/file_descriptor.h"
#include "net/tls.h"

namespace outrigger::integration {

/// Stands between the operator and the API server, and makes faults that an API server makes seldom. Passes bytes on, a
/// request a connection, a blocking thread each. Any thread may call it.
class FaultProxy {
 public:
  /// Before the API server of the network namespace.
  FaultProxy();
  ~FaultProxy();
  FaultProxy(const FaultProxy&) = delete;
  FaultProxy& operator=(const FaultProxy&) = delete;

  /// An operator's that leads here.
  std::string kubeconfig() const { return folder_.path() / "kubeconfig"; }

  /// From now on every request is answered with this status, and these fields, each with its line end; 0: by the API
  /// server.
  void answer(int status, const std::string& fields = "");
  /// Requests are taken and nothing is answered, and watches are silent, until it is false.
  void hang(bool hangs);
  /// Each watch that is open ends in the midst of what it tells next.
  void cut_watches();
  /// Each watch of that path that is open tells this line between two of the API server's.
  void inject(const std::string& path, const std::string& line);

  /// How many there have been of that path, without the query.
  int requests(const std::string& path);

 private:
  struct Request {
    std::string text;  ///< to be sent on
    std::string path;  ///< without the query
    bool watch = false;
  };
  struct Injection {
    std::string path;
    std::string line;
  };
  class Connection;

  void accept_connections();
  void serve(int fd);
  void pass_on(Connection& client, const Request& request);
  /// Whether to go on, once it does not hang any more.
  bool wait_while_hung();
  /// What is to be told now of what was injected after the first `told`.
  std::string injected(const std::string& path, std::size_t& told);

  fakes::CertificateAuthority authority_;
  fakes::TemporaryFolder folder_;
  net::SslContext server_context_;
  net::SslContext client_context_;
  net::FileDescriptor listener_;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;  ///< guarded by mutex_, as is what follows
  bool hangs_ = false;
  int status_ = 0;
  std::string fields_;
  std::size_t cuts_ = 0;
  std::vector<Injection> injections_;
  std::map<std::string, int> requests_;
  std::list<int> open_;
  std::list<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace outrigger::integration
