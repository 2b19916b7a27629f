#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"
#include "net/file_descriptor.h"
#include "sidecar/lease.h"

namespace outrigger::sidecar {

/// A connection to an endpoint that is no HTTP any more.
struct UpgradedConnection {
  net::FileDescriptor fd;
  std::string_view received;  ///< from the endpoint, behind its 101
  Lease lease;
  ConnectionSlot slot;
};

/// The client's side of one exchange: an HTTP/1.1 connection while it has a request, or a stream of an HTTP/2 one. For
/// its exchange. Views are good until the call returns.
class ClientStream {
 public:
  /// A response's head, interim ones (1xx) included; then its body in pieces, and its end. They are sent by flush() at
  /// the latest.
  virtual void send_head(const http::ResponseHead& head) = 0;
  virtual void send_data(std::string_view bytes) = 0;
  virtual void send_end(const std::vector<http::Field>& trailers) = 0;
  /// A whole response of the sidecar's own. `proxy_error`: the error type of RFC 9209, or empty.
  virtual void send_answer(std::uint16_t status, std::string_view proxy_error, std::string_view text) = 0;
  /// False: the client is gone, and the exchange must call abort().
  [[nodiscard]] virtual bool flush() = 0;

  /// The client does not take what it has been sent: give it no more than must be until Exchange::on_client_drained().
  virtual bool full() const = 0;
  /// Something that it has been sent is not with the client yet.
  virtual bool holds() const = 0;
  /// No more of the request until resumed.
  virtual void pause_reading(bool paused) = 0;

  /// The client's numeric address, without a port.
  virtual std::string address() const = 0;

  /// The endpoint has agreed to an upgrade by `head`, a 101, behind which it has sent `received` already: ends the
  /// exchange, and has what comes from now on pass between the two connections untouched. Only for whoever has asked
  /// for one.
  virtual void become_tunnel(const http::ResponseHead& head, UpgradedConnection upstream) = 0;

  /// The answer has been sent. Ends the exchange.
  virtual void exchange_over() = 0;
  /// The answer cannot be completed: ends the exchange, which has left its endpoint, so that the client sees it cut.
  virtual void abort() = 0;
  /// The endpoint has reset the stream, with that code of RFC 9113 section 7. False: this client knows no such thing;
  /// otherwise
  /// the exchange has ended, uncounted: there was no answer.
  [[nodiscard]] virtual bool pass_reset_on(std::uint32_t code) = 0;

 protected:
  ~ClientStream() = default;
};

}  // namespace outrigger::sidecar
