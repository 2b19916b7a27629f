#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "http/body_reader.h"
#include "http/head_parser.h"
#include "net/event_loop.h"
#include "net/file_descriptor.h"
#include "sidecar/lease.h"
#include "sidecar/mortal.h"
#include "sidecar/router.h"
#include "sidecar/send_queue.h"
#include "sidecar/upstream_stream.h"

namespace outrigger::sidecar {

class Exchange;
class Worker;

/// An HTTP/1.1 connection to an endpoint: an exchange's, or idle in the endpoint's pool. Owns itself while it is an
/// exchange's. Worker's thread only.
class Http1Upstream final : public Mortal, public UpstreamStream, private net::EventHandler {
 public:
  /// `fd` is connecting. `expires`: takes no new request from then on.
  Http1Upstream(Worker& worker, Destination& cluster, balance::Backend& backend, net::FileDescriptor fd,
                net::Clock::time_point expires);
  ~Http1Upstream() override;

  void serve(Exchange& exchange) { exchange_ = &exchange; }
  net::Clock::time_point idle_since() const { return idle_since_; }
  bool expired() const;

  balance::Backend& backend() const override { return backend_; }
  void send_head(const http::RequestHead& head, const http::Hop& hop, std::string_view wire) override;
  void send_data(std::string_view bytes) override;
  void send_end(const std::vector<http::Field>& trailers) override;
  [[nodiscard]] bool flush() override;
  bool full() const override { return queue_.blocked(); }
  bool holds() const override { return queue_.blocked(); }
  void pause_reading(bool paused) override;
  void release() override;

  /// Closes it, which is in no pool and no exchange's, and has the worker bury it.
  void retire();

 private:
  void on_events(std::uint32_t events) override;
  /// Something came before the request was sent that it seems to answer.
  void on_early_bytes();
  void on_sent(bool unbroken, std::size_t unsent_before);
  void read_some();
  void on_bytes(std::string_view bytes);
  /// False: not whole yet, or the exchange has left.
  bool read_head(std::string_view& bytes);
  bool read_body(std::string_view& bytes);
  void hand_over(const http::ResponseHead& head, std::string_view bytes);
  /// `orderly`: by a FIN. A reset never ends an answer well (RFC 9112 section 8).
  void on_end(bool orderly);
  void fail(UpstreamFailure failure, std::string_view problem = {});
  bool was_pooled() const { return idle_since_ != net::Clock::time_point{}; }
  /// Whether it has come to hold more than there may be.
  bool has_no_room();
  void set_interest();
  void leave_loop();

  Worker& worker_;
  Destination& cluster_;
  balance::Backend& backend_;
  ConnectionSlot slot_;
  net::FileDescriptor fd_;
  Exchange* exchange_ = nullptr;
  SendQueue queue_;
  http::HeadParser parser_;
  http::BodyReader response_body_;
  std::string partial_head_;
  std::size_t accounted_ = 0;  ///< of what the worker holds
  std::string upgrade_asked_;  ///< the protocol that the request asks to switch to, or nothing
  net::Timer connect_timer_;
  net::Clock::time_point expires_;
  net::Clock::time_point idle_since_{};
  net::Clock::time_point sent_at_{};  ///< when the request's first bytes were given to the socket
  std::uint32_t interest_;
  http::Framing request_framing_ = http::Framing::none;
  bool established_ = false;  ///< the connect ended well, or bytes were taken
  bool to_head_ = false;
  bool request_ended_ = false;
  bool response_begun_ = false;
  bool response_ended_ = false;
  bool keep_alive_ = false;
  bool paused_ = false;
  bool write_broken_ = false;
  bool in_loop_ = true;
  bool retired_ = false;
};

}  // namespace outrigger::sidecar
