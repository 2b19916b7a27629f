#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "balance/cluster.h"
#include "http/forwarded_fields.h"
#include "http/message.h"

namespace outrigger::sidecar {

/// How a try at an endpoint failed, as far as what may be done about it differs.
enum class UpstreamFailure : std::uint8_t {
  not_connected,    ///< nothing was sent
  connect_timeout,  ///< nothing was sent, and it took its time
  not_processed,    ///< the endpoint says that it has not begun with it (RFC 9113 section 8.7)
  had_ended,        ///< the endpoint had ended the connection before the request was written to it
  ended_idle,       ///< a pooled connection ended before the first byte of an answer
  refused,          ///< another one did
  reset,            ///< ended later
  invalid,          ///< the answer is malformed
};

/// The endpoint's side of one exchange: an HTTP/1.1 connection of its own, or a stream of an HTTP/2 one. For its
/// exchange, which hears of it by the on_upstream_...() calls. Views are good until the call returns.
class UpstreamStream {
 public:
  virtual balance::Backend& backend() const = 0;

  /// The request: its head with what `hop` adds (`wire`: as HTTP/1.1 writes the two), its body in pieces, and its end.
  /// They are sent by flush() at the latest.
  virtual void send_head(const http::RequestHead& head, const http::Hop& hop, std::string_view wire) = 0;
  virtual void send_data(std::string_view bytes) = 0;
  virtual void send_end(const std::vector<http::Field>& trailers) = 0;
  /// False: the connection was never made.
  [[nodiscard]] virtual bool flush() = 0;

  /// The endpoint does not take what it has been sent: no more until Exchange::on_upstream_drained().
  virtual bool full() const = 0;
  /// Something that it has been sent is not with the endpoint yet.
  virtual bool holds() const = 0;
  /// No more of the answer until resumed.
  virtual void pause_reading(bool paused) = 0;
  /// The exchange leaves it. If both messages have ended well, the connection may serve others; otherwise the endpoint
  /// sees that nobody waits any more.
  virtual void release() = 0;

 protected:
  ~UpstreamStream() = default;
};

}  // namespace outrigger::sidecar
