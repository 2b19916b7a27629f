#pragma once
/// Connections of a test that are moved on together, by one thread, while it waits for something: Stage::until().
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fakes/sockets.h"
#include "talk.h"

namespace outrigger::sidecar::test {

using namespace fakes;

/// A socket of which everything is read, and to which is written what there is to say.
class Peer {
 public:
  explicit Peer(Socket socket) : socket_(std::move(socket)) {}
  virtual ~Peer() = default;
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  /// Reads and writes what can be, without waiting.
  void step();
  /// Writes what can be written, and reads nothing.
  void write_on();
  int fd() const { return socket_.fd(); }
  bool open() const { return !ended_; }
  bool wants_write() const { return !out_.empty(); }
  bool reads() const { return reads_; }
  /// From now on: nothing is read, so that the kernel's buffers fill.
  void stop_reading(bool stopped = true) { reads_ = !stopped; }
  void close();
  void reset();
  /// As it is, behind what is to be sent.
  void send_raw(std::string_view bytes) { out_.append(bytes); }

 protected:
  /// False: the other side's bytes make no sense; the connection is closed once what is left has been written.
  [[nodiscard]] virtual bool take(std::string_view bytes) = 0;
  virtual void give(std::string&) {}
  virtual bool over() const { return false; }
  virtual void on_end() = 0;

  std::string out_;

 private:
  void end();

  Socket socket_;
  bool ended_ = false;
  bool reads_ = true;
  bool failing_ = false;
};

enum class Speaks { http1, http2 };

/// A listener whose connections speak one protocol.
class Endpoint {
 public:
  explicit Endpoint(Speaks speaks, const http::Http2Limits& limits = {}) : speaks_(speaks), limits_(limits) {}

  std::string address() const { return listener_.address(); }
  void close() { listener_.close(); }
  /// Every request that has come, in order.
  std::vector<Talk*> talks;
  std::vector<std::unique_ptr<Peer>> connections;
  /// A request's head has come; all of it has come.
  std::function<void(Talk&)> on_head;
  std::function<void(Talk&)> on_end;
  std::size_t open_connections() const;

 private:
  friend class Stage;
  void accept_waiting();

  Speaks speaks_;
  http::Http2Limits limits_;
  Listener listener_;
};

/// A client of one protocol. HTTP/2: one connection; HTTP/1.1: one for each request.
class Client {
 public:
  Client(std::uint16_t port, Speaks speaks, const http::Http2Limits& limits = {}, int receive_buffer_bytes = 0);

  /// A request to be sent.
  Talk& open();
  Talk& send(const Head& head, std::string_view body = {}, const Fields& trailers = {}) {
    Talk& talk = open();
    talk.send(head, body, trailers);
    return talk;
  }
  std::vector<std::unique_ptr<Peer>> connections;

 private:
  std::uint16_t port_;
  Speaks speaks_;
  int receive_buffer_bytes_;
};

class Stage {
 public:
  Endpoint& endpoint(Speaks speaks, const http::Http2Limits& limits = {});
  Client& client(std::uint16_t port, Speaks speaks, const http::Http2Limits& limits = {}, int receive_buffer_bytes = 0);

  /// Moves everything on until it is so; gives up when nothing has come for long.
  void until(const char* what, const std::function<bool()>& is_so);
  /// Moves everything on until nothing has happened for that long.
  void settle(std::chrono::milliseconds quiet = std::chrono::milliseconds(100));

 private:
  std::vector<Peer*> peers() const;
  void move_on();
  /// Whether there is something to be read or written within that time.
  bool wait(std::chrono::milliseconds time) const;

  std::vector<std::unique_ptr<Endpoint>> endpoints_;
  std::vector<std::unique_ptr<Client>> clients_;
};

}  // namespace outrigger::sidecar::test
