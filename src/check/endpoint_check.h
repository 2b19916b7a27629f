#pragma once
#include <functional>
#include <memory>
#include <optional>

#include "check/check_dialog.h"
#include "net/deferral.h"
#include "net/event_loop.h"
#include "net/socket.h"
#include "net/stream.h"

namespace outrigger::check {

/// One check of one endpoint, from its beginning: a connection, a question, an answer, and the connection is closed,
/// all within the question's timeout. Loop's thread only, and begun within run().
///
/// What this process lacks says nothing of the endpoint: a socket for want of descriptors, memory or local ports, or
/// time, where the loop has been held up until long after the check should have been over.
class EndpointCheck {
 public:
  /// Told once, at the end of a round; may end the check.
  using Done = std::function<void(const CheckOutcome&)>;

  EndpointCheck(net::EventLoop& loop, const net::SocketAddress& address, CheckQuestion question, Done done);
  /// Nothing is told any more.
  ~EndpointCheck() = default;
  EndpointCheck(const EndpointCheck&) = delete;
  EndpointCheck& operator=(const EndpointCheck&) = delete;

 private:
  void on_open();
  void on_bytes(std::string_view bytes);
  void on_end(const std::string& reason);
  void on_timeout();
  void go_on(std::optional<CheckOutcome> outcome, std::string out);
  void conclude(CheckOutcome outcome);
  void tell();

  net::EventLoop& loop_;
  CheckQuestion question_;
  Done done_;
  net::Clock::time_point deadline_;
  std::optional<CheckOutcome> outcome_;
  std::unique_ptr<CheckDialog> dialog_;
  net::Deferral tell_;
  net::Timer timer_;
  std::unique_ptr<net::Stream> stream_;
};

}  // namespace outrigger::check
