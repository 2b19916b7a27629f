#pragma once
#include <chrono>
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
};

/// Blocking calls to the API server, one at a time: one client per thread. Only stop() may be called from another
/// thread. TLS 1.2 at least; connects within 5 s, an answer other than a watch comes within 30 s and has at most 256
/// MiB.
class Client {
 public:
  Client(Config config, RequestCounts& counts);
  ~Client();

  /// `path` with its query. An Error is: no answer; any status is a Response.
  Result<Response> get(const std::string& path, const std::string& accept = "application/json");
  Result<Response> post(const std::string& path, const std::string& json);
  Result<Response> put(const std::string& path, const std::string& json);
  Result<Response> merge_patch(const std::string& path, const std::string& json);
  Result<Response> remove(const std::string& path);

  /// Streams an answer's body while its status is 200; any other status is returned with its body. `on_bytes` returns
  /// false to end it. An Error: no answer, cut in the middle, or silent for `idle_deadline`.
  Result<Response> stream(const std::string& path, const std::string& accept, std::chrono::seconds idle_deadline,
                          const std::function<bool(std::string_view)>& on_bytes);

  /// Ends a call under way, and every later one at once.
  void stop();

 private:
  class Connection;
  std::unique_ptr<Connection> connection_;
};

}  // namespace outrigger::kube
