#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "http/body_reader.h"
#include "http/head_parser.h"
#include "http/message.h"
#include "net/event_loop.h"
#include "net/stream.h"
#include "net/tls.h"

namespace outrigger::uplink {

/// One HTTPS request to the operator and its answer, on a connection of its own. Control thread only. Callbacks come
/// from the loop; none after on_end or close(). Who is in one may not destroy it: that waits for the loop's defer().
class OperatorExchange {
 public:
  struct Callbacks {
    /// The connection is there: write() the request.
    std::function<void()> on_open;
    std::function<Result<void>(const http::ResponseHead& head)> on_head;
    std::function<Result<void>(std::string_view bytes)> on_body;
    /// Once, with the connection closed: "" after a whole answer, else what was wrong, if only a callback's error.
    std::function<void(const std::string& reason)> on_end;
  };
  /// For as long as nothing more comes.
  static constexpr std::chrono::seconds kSilence{15};  ///< three of the feed's heartbeats

  /// `server_name` is verified against the operator's certificate. `patience`: until the answer begins.
  OperatorExchange(net::EventLoop& loop, const net::SocketAddress& address, const net::SslContext& context,
                   const std::string& server_name, std::chrono::seconds patience, Callbacks callbacks);
  ~OperatorExchange();

  void write(std::shared_ptr<const std::string> bytes);
  /// Ends it; no callback follows.
  void close();

 private:
  void on_bytes(std::string_view bytes);
  Result<void> read(std::string_view bytes);
  void end(const std::string& reason);

  net::EventLoop& loop_;
  Callbacks callbacks_;
  http::HeadParser head_parser_;
  std::string partial_head_;
  bool head_read_ = false;
  http::BodyReader body_;
  std::string failure_;  ///< of what cannot be told yet; empty: none
  net::Timer silence_;
  std::unique_ptr<net::Stream> stream_;  ///< null once closed
};

}  // namespace outrigger::uplink
