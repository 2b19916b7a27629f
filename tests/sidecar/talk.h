#pragma once
/// One request and its answer as a client or an endpoint in a test sees them, whatever they are spoken in.
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fakes/fields.h"
#include "http/http2_session.h"
#include "http/message.h"

namespace outrigger::sidecar::test {

using namespace fakes;

/// A head to be sent: a request's or a response's.
struct Head {
  std::string method = "GET";
  std::string target = "/";
  std::string authority = "web";
  std::uint16_t status = 200;
  Fields fields = {};
  std::optional<std::uint64_t> length = {};  ///< of the body, if that is told
};

inline Head request_to(const std::string& method, const std::string& target, Fields fields = {},
                       const std::string& authority = "web") {
  return {.method = method, .target = target, .authority = authority, .fields = std::move(fields)};
}
inline Head answer_with(std::uint16_t status, Fields fields = {}) {
  return {.status = status, .fields = std::move(fields)};
}

/// What has come from the other side.
struct Heard {
  std::string method;
  std::string target;
  std::uint16_t status = 0;
  std::vector<std::uint16_t> interim;  ///< statuses of 1xx
  Fields fields;
  std::string body;
  Fields trailers;
  bool head = false;
  bool ended = false;                      ///< well
  std::optional<http::Http2Error> closed;  ///< the stream is over; HTTP/1.1: the connection ended before the message

  std::string field(std::string_view name) const { return value_of(fields, name); }
  std::string trailer(std::string_view name) const { return value_of(trailers, name); }
};

class Talk {
 public:
  virtual ~Talk() = default;

  /// Our message. `end`: the head is all of it. An answer of 1xx may come before the final one.
  virtual void send_head(const Head& head, bool end) = 0;
  virtual void send_data(std::string_view bytes) = 0;
  virtual void send_end(const Fields& trailers = {}) = 0;
  /// HTTP/1.1: the connection, whatever the code is.
  virtual void reset(http::Http2Error error) = 0;
  /// Reads on, or not. HTTP/2: this stream; HTTP/1.1: the connection.
  virtual void pause(bool paused) = 0;
  /// Bytes of our message that have not gone yet.
  virtual std::size_t queued() const = 0;

  void send(const Head& head, std::string_view body, const Fields& trailers = {}) {
    if (body.empty() && trailers.empty()) return send_head(head, true);
    send_head(head, false);
    if (!body.empty()) send_data(body);
    send_end(trailers);
  }
  /// Ended, one way or the other.
  bool over() const { return heard.ended || heard.closed.has_value(); }

  Heard heard;
};

}  // namespace outrigger::sidecar::test
