#pragma once
/// Raw sockets for tests. Every wait has a deadline, after which the test program says what it waited for and aborts: a
/// hang is never an answer. One thread each.
#include <poll.h>
#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"
#include "net/socket.h"

namespace outrigger::fakes {

/// Says what went wrong and ends the program.
[[noreturn]] void give_up(const std::string& what);

/// A whole message as it came over the wire: its head untouched, its body without the framing.
struct Message {
  std::uint16_t status = 0;  ///< of a response
  std::string method;        ///< of a request
  std::string target;
  std::string head;  ///< start line to empty line
  std::string body;
  http::Framing framing = http::Framing::none;
  bool whole = false;  ///< false: the connection ended first
  bool reset = false;  ///< and it ended by a reset

  /// The value of the field of that name, empty when there is none.
  std::string field(std::string_view name) const;
};

/// One connection, either side of it.
class Socket {
 public:
  explicit Socket(net::FileDescriptor fd) : fd_(std::move(fd)) {}
  static Socket connect(std::uint16_t port, int receive_buffer_bytes = 0);

  int fd() const { return fd_.get(); }
  void send(std::string_view bytes);
  /// A byte a segment, as far as the kernel goes along.
  void trickle(std::string_view bytes);
  /// As many bytes as the kernel takes until it has taken none for `quiet`. Returns how many of them there were.
  std::size_t send_until_stuck(std::string_view bytes, std::chrono::milliseconds quiet);

  /// A whole message, or what came of it. What follows it stays for the next call.
  Message read_request();
  Message read_response(bool to_head = false);
  /// The next message's head, which stays to be read; empty when the connection ends first.
  std::string peek_head();
  /// Everything until the other side ends the connection.
  std::string read_to_end();
  /// Exactly so many bytes, or what came until the end.
  std::string read_bytes(std::size_t size);
  /// Reads and drops what has arrived.
  void discard();
  /// Whether the next thing is the connection's end (by a FIN or by a reset).
  bool at_end();
  bool was_reset() const { return reset_; }
  /// Whether bytes, or the end, have arrived or do so within that time.
  bool readable_within(std::chrono::milliseconds time) const;

  void half_close() { ::shutdown(fd_.get(), SHUT_WR); }
  void close() { fd_.reset(); }
  /// Closes so that the other side sees ECONNRESET.
  void reset();

 private:
  /// More bytes into received_; false at the end.
  bool receive();
  template <class Parse, class Head>
  Message read_message(const Parse& parse, Head& head);

  net::FileDescriptor fd_;
  std::string received_;
  bool ended_ = false;
  bool reset_ = false;
};

/// A listening socket on a free port of 127.0.0.1.
class Listener {
 public:
  Listener();
  int fd() const { return fd_.get(); }
  std::uint16_t port() const { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  Socket accept();
  /// Whether a connection waits to be accepted, or does so within that time.
  bool pending_within(std::chrono::milliseconds time) const;
  bool pending() const { return pending_within({}); }
  /// Listens no more: connecting is refused.
  void close() { fd_.reset(); }
  net::FileDescriptor release() { return std::move(fd_); }

 private:
  net::FileDescriptor fd_;
  std::uint16_t port_ = 0;
};

/// An address on which connecting neither succeeds nor fails: a listener that accepts nothing and whose queue is full.
class HangingAddress {
 public:
  HangingAddress();
  const std::string& address() const { return address_; }

 private:
  net::FileDescriptor listener_;
  std::vector<net::FileDescriptor> queued_;
  std::string address_;
};

}  // namespace outrigger::fakes
