#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "net/acceptor.h"
#include "net/event_loop.h"
#include "net/stream.h"

namespace outrigger::soak {

/// How an endpoint's protocol speaks on one connection.
class Wire {
 public:
  virtual void write(std::string bytes) = 0;
  /// Sends what is queued, then a FIN.
  virtual void finish() = 0;
  /// Sends what is queued, then a RST.
  virtual void reset() = 0;
  /// For the record: a GOAWAY is among what is written next.
  virtual void note_goaway() = 0;
  /// Runs `task` once, instead of one set before; forgotten when the connection ends.
  virtual void later(net::Clock::duration delay, std::function<void()> task) = 0;

 protected:
  ~Wire() = default;
};

/// One connection's protocol.
class Protocol {
 public:
  virtual ~Protocol() = default;
  virtual void on_bytes(std::string_view bytes) = 0;
};

std::unique_ptr<Protocol> make_http1(Wire& wire);
std::unique_ptr<Protocol> make_http2(Wire& wire);
std::unique_ptr<Protocol> make_echo(Wire& wire);

/// An endpoint that does what the path of each request says (script.h), over HTTP/1.1 or HTTP/2, whichever it is spoken
/// to; or one that sends back every byte. Loop's thread only.
class Endpoint {
 public:
  /// Listens on "IP:PORT". A port that is taken is a CHECK. `on_goaway`: it is about to send one.
  Endpoint(net::EventLoop& loop, const std::string& address, bool echo, std::function<void()> on_goaway);
  ~Endpoint();
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;

  const std::string& address() const { return address_; }
  std::size_t connections() const { return connections_.size(); }
  bool up() const { return acceptor_ != nullptr; }

  /// Refuses connections from now on, and resets those that are open.
  void take_down();
  void bring_up();
  void reset_connections();

 private:
  class Connection;

  net::EventLoop& loop_;
  std::string address_;
  bool echo_;
  std::function<void()> on_goaway_;
  std::unique_ptr<net::Acceptor> acceptor_;
  std::unordered_map<Connection*, std::unique_ptr<Connection>> connections_;
};

}  // namespace outrigger::soak
