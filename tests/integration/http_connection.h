#pragma once
#include <string>
#include <string_view>

#include "result/result.h"

namespace outrigger::integration {

struct HttpAnswer {
  int status = 0;
  std::string head;  ///< the fields' lines
  std::string body;

  /// The value of the first field of that name (as it is written); empty when there is none.
  std::string field(std::string_view name) const;
};

/// A client's keep-alive connection over plain TCP, blocking, with a deadline on every read. It connects on the first
/// request, and again after a failure or when the answer said so; it never sends a request twice. One owner.
class HttpConnection {
 public:
  /// `address`: "127.0.0.1:80". `source`: the address that it comes from, without a port; empty: any.
  explicit HttpConnection(std::string address, std::string source = {})
      : address_(std::move(address)), source_(std::move(source)) {}
  ~HttpConnection() { close(); }
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  /// `fields`: further lines of the head, each with its line end.
  Result<HttpAnswer> get(std::string_view path, std::string_view fields = {}) {
    return exchange("GET", path, fields, "");
  }
  Result<HttpAnswer> post(std::string_view path, std::string_view json) { return exchange("POST", path, {}, json); }
  void close();

 private:
  Result<HttpAnswer> exchange(std::string_view method, std::string_view path, std::string_view fields,
                              std::string_view body);
  Result<HttpAnswer> try_exchange(std::string_view method, std::string_view path, std::string_view fields,
                                  std::string_view body);
  Result<void> connect();
  Result<void> receive();
  Result<std::string> read_line();
  Result<std::string> read_bytes(std::size_t count);

  std::string address_;
  std::string source_;
  int fd_ = -1;
  std::string received_;  ///< and not used yet
};

/// One request on a connection of its own. Throws when there is no answer of status 200.
std::string http_get(const std::string& address, std::string_view path);

}  // namespace outrigger::integration
