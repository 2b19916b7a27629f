#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "kube/config.h"
#include "result/result.h"

namespace outrigger::kube {

/// rest_client_requests_total's readings. Any thread.
class RequestCounts {
 public:
  /// `code` 0: no answer (shown as "<error>").
  void add(int code, std::string_view method);
  std::map<std::pair<std::string, std::string>, std::uint64_t> read() const;  ///< {code, method} → count

 private:
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, std::uint64_t> counts_;
};

struct Response {
  int status = 0;
  std::string body;
  std::chrono::seconds retry_after{0};  ///< the header's seconds, 0 without
};

/// Blocking calls to the API server, one at a time: one client per thread. Only stop() may be called from another
/// thread. TLS 1.2 at least, certificate and name verified; connects within 5 s an address; an answer other than a
/// watch may be silent for 30 s, is given up at its first bytes after 60 s and has at most 256 MiB; set_timeout() can
/// and limit_answers() can shorten this. The connection is kept for the next call and made anew after a failure.
///
/// Makes the process ignore SIGPIPE: OpenSSL writes to sockets that the other side has closed.
class Client {
 public:
  static constexpr std::chrono::seconds kAnswerDeadline{60};

  /// A `config` that cannot be used makes every call fail with the reason.
  Client(Config config, RequestCounts& counts);
  ~Client();

  /// `path` with its query. An Error is: no answer; any status is a Response.
  Result<Response> get(const std::string& path, const std::string& accept = "application/json");
  Result<Response> post(const std::string& path, const std::string& json);
  Result<Response> put(const std::string& path, const std::string& json);
  Result<Response> merge_patch(const std::string& path, const std::string& json);
  Result<Response> remove(const std::string& path);

  /// Streams an answer's body while its status is 200; any other status is returned with its body (1 MiB of it at
  /// most). `on_bytes` is called once with no bytes when the answer has begun, and returns false to end it. An Error:
  /// no answer, cut in the middle, or silent for `idle_deadline`.
  Result<Response> stream(const std::string& path, const std::string& accept, std::chrono::milliseconds idle_deadline,
                          const std::function<bool(std::string_view)>& on_bytes);

  /// From now on every call but stream() ends within `timeout`, whatever it is doing (but the resolving of the server's
  /// name). Between two calls.
  void set_timeout(std::chrono::milliseconds timeout);

  /// From now on an answer of any call but stream() has at most `bytes`. Between two calls.
  void limit_answers(std::size_t bytes);

  /// Ends a call under way and waits for its end (a few milliseconds; the resolving of the server's name cannot be
  /// hurried, nor a plugin that logs in, which has two minutes); every later call fails at once. Not from on_bytes.
  void stop();

 private:
  class Connection;
  std::unique_ptr<Connection> connection_;
};

}  // namespace outrigger::kube
