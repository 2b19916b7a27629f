#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/body_reader.h"
#include "http/head_writer.h"
#include "http/message.h"
#include "net/event_loop.h"
#include "sidecar/router.h"
#include "sidecar/service_metrics.h"
#include "sidecar/upstream_connection.h"

namespace outrigger::sidecar {

class ClientConnection;
class Worker;

/// One request and its answer: picks an endpoint, writes the request anew, streams both bodies with backpressure, tries
/// another endpoint where nothing can be lost by it, and counts. Owned by its ClientConnection, worker's thread only.
/// It ends by calling ClientConnection::exchange_over(), abort() or reset(), after which it must not be touched.
class Exchange {
 public:
  Exchange(Worker& worker, ClientConnection& client, Destination& destination);
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  /// Sends the request on its way. `rest`: what came after the head; returns how much of it was this request's body.
  std::size_t start(const http::RequestHead& head, std::string_view rest);
  /// More from the client while !request_whole(); returns how much of it was this request's.
  std::size_t on_request_bytes(std::string_view bytes);
  bool request_whole() const { return request_body_.done(); }

  /// The client has taken everything queued for it.
  void on_client_drained();
  void on_upstream_events(std::uint32_t events);
  /// The client is gone: nothing is answered any more.
  void on_client_gone();

  /// When on_deadline() must be called next.
  std::optional<net::Clock::time_point> deadline() const;
  void on_deadline(net::Clock::time_point now);

 private:
  /// Takes body bytes off `bytes` and appends them, framed for the upstream, to `out`. False: the framing is broken.
  bool take_request_body(std::string_view& bytes, std::string& out);
  /// Whether the failed try may be followed by another. What was sent must not be sent twice unless the method is
  /// idempotent (RFC 9110 section 9.2.2).
  bool may_try_again(Outcome outcome);
  void try_endpoint();
  void send_upstream(std::string_view bytes);
  void read_upstream();
  void on_response_bytes(std::string_view bytes);
  /// Reads a head off `bytes` and sends it on, if interim, or leaves it in the worker's out. False: not whole yet, or
  /// the exchange has taken another turn.
  bool read_response_head(std::string_view& bytes);
  /// Sends what is in the worker's out and the body bytes behind it.
  void forward_response_body(std::string_view bytes);
  /// `orderly`: by a FIN. A reset never ends an answer well (RFC 9112 section 8).
  void on_upstream_end(bool orderly);
  void on_response_whole(bool reusable);

  /// The try at this endpoint failed: another endpoint, or an answer of our own, or (once the answer has begun) the
  /// end.
  void try_failed(Outcome outcome, std::uint16_t status, std::string_view proxy_error, std::string_view text);
  void answer(std::uint16_t status, std::string_view proxy_error, std::string_view text);
  void leave_backend(Outcome outcome, bool reusable);
  void count(std::uint16_t status);

  Worker& worker_;
  ClientConnection& client_;
  Destination& destination_;
  Destination* cluster_ = nullptr;
  std::unique_ptr<UpstreamConnection> upstream_;
  std::vector<balance::Backend*> tried_;

  std::string request_;       ///< the request as it is sent, kept for another try while it is whole
  bool request_kept_ = true;  ///< request_ is all that was sent
  bool idempotent_ = false;
  std::uint32_t failed_connects_ = 0;
  bool replayed_ = false;
  http::Framing request_framing_ = http::Framing::none;
  http::BodyReader request_body_;

  http::ClientSide client_side_;
  bool response_begun_ = false;
  bool interim_sent_ = false;
  std::uint16_t status_ = 0;
  http::Framing response_framing_ = http::Framing::none;  ///< towards the client
  http::BodyReader response_body_;
  bool upstream_keep_alive_ = false;

  net::Clock::time_point started_;
  net::Clock::time_point connect_deadline_{};
};

}  // namespace outrigger::sidecar
