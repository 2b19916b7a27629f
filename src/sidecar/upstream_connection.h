#pragma once
#include <string>

#include "balance/cluster.h"
#include "http/head_parser.h"
#include "net/event_loop.h"
#include "net/socket.h"
#include "sidecar/send_queue.h"

namespace outrigger::sidecar {

class Exchange;

/// One connection to an endpoint: an exchange's, or idle in the endpoint's pool. Worker's thread only.
class UpstreamConnection final : private net::EventHandler {
 public:
  UpstreamConnection(net::EventLoop& loop, net::FileDescriptor fd, balance::Backend& backend);
  ~UpstreamConnection();

  int fd() const { return fd_.get(); }
  balance::Backend& backend() { return backend_; }

  /// Whom events go to; null when idle.
  void set_exchange(Exchange* exchange) { exchange_ = exchange; }
  void set_interest(std::uint32_t events);

  /// Bytes were taken or the connect ended well.
  bool established = false;

  SendQueue queue;
  http::HeadParser parser;
  std::string partial_head;

  net::Clock::time_point idle_since() const { return idle_since_; }
  void becomes_idle(net::Clock::time_point now);

 private:
  void on_events(std::uint32_t events) override;

  net::EventLoop& loop_;
  net::FileDescriptor fd_;
  balance::Backend& backend_;
  Exchange* exchange_ = nullptr;
  std::uint32_t interest_ = EPOLLIN;
  net::Clock::time_point idle_since_{};
};

}  // namespace outrigger::sidecar
