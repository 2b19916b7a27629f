#pragma once
#include <openssl/types.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "fakes/certificates.h"
#include "kube/config.h"

namespace outrigger::kube {

/// One request to the fake API server, and the door for its answer.
class Exchange {
 public:
  std::string method;
  std::string target;
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;
  std::string server_name;         ///< SNI, empty without
  std::string client_common_name;  ///< of the client's certificate, empty without
  std::chrono::steady_clock::time_point arrived_at;

  /// A whole answer. `more_headers`: lines with their "\r\n".
  void reply(int status, std::string_view content, std::string_view more_headers = "");
  /// An answer in chunks, as a watch's: begun, any number of chunks, ended or cut.
  void begin();
  void chunk(std::string_view content);
  void end();
  void cut();
  /// Sends bytes as they are.
  void raw(std::string_view bytes);
  /// Silence until the client goes away.
  void hold();

 private:
  friend class FakeApiServer;
  explicit Exchange(SSL* connection) : connection_(connection) {}
  SSL* connection_;
  bool closed_ = false;
};

/// An HTTPS server on loopback that answers its n-th request with the n-th step of a script; a request beyond the
/// script's end is held. Steps run on threads of its own.
class FakeApiServer {
 public:
  using Step = std::function<void(Exchange&)>;

  explicit FakeApiServer(std::vector<Step> script,
                         const std::vector<std::string>& alternative_names = {"IP:127.0.0.1"});
  ~FakeApiServer();

  /// Reaches it and trusts it.
  Config config() const;
  std::uint16_t port() const { return port_; }
  const fakes::CertificateAuthority& authority() const { return authority_; }

  /// The first `count` requests (without their answers), or fewer when they have not come within 10 s.
  std::vector<Exchange> requests(std::size_t count);
  std::size_t connections() const;

 private:
  void serve();
  void serve_connection(int socket);
  bool read_request(SSL* connection, std::string& buffer, Exchange& exchange);

  fakes::CertificateAuthority authority_;
  SSL_CTX* context_;
  int listener_;
  std::uint16_t port_;
  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<Step> script_;
  std::vector<Exchange> requests_;
  std::vector<int> sockets_;
  std::deque<std::thread> connections_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace outrigger::kube
