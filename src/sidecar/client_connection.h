#pragma once
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "http/head_parser.h"
#include "net/event_loop.h"
#include "net/socket.h"
#include "sidecar/exchange.h"
#include "sidecar/send_queue.h"

namespace outrigger::sidecar {

class Worker;

/// Where a listener's requests go: its connections share it, so that they follow when it is turned to another service.
struct ListenerTarget {
  std::shared_ptr<Destination> destination;
};

/// A client's connection: reads requests, has one exchange at a time, keeps pipelined bytes for the next. Holds no
/// buffer while it is idle. Worker's thread only.
class ClientConnection final : private net::EventHandler {
 public:
  ClientConnection(Worker& worker, net::FileDescriptor fd, std::shared_ptr<const ListenerTarget> target);
  ~ClientConnection();

  /// For its exchange: sends the pieces, or queues them: then full() until Exchange::on_client_drained(). False: the
  /// client is gone, and the exchange must call abort().
  [[nodiscard]] bool send(std::span<const std::string_view> pieces);
  bool full() const { return !queue_.empty(); }
  /// For its exchange: no more of the request until resumed.
  void pause_reading(bool pause);
  /// The answer is complete (queued at least). Ends the exchange.
  void exchange_over(bool close);
  /// The answer cannot be completed: ends the exchange, which has left its endpoint, and the connection, so that the
  /// client sees it cut, and the answers before it whole.
  void abort();
  /// The same for an answer that the connection's end delimits, which would seem whole after an orderly one. Answers
  /// before it that have not arrived yet may be lost.
  void reset();
  /// The exchange has a new deadline.
  void deadline_changed();

  /// Ends it at once, whatever is under way.
  void close();
  /// Closes now if idle, else after the exchange.
  void drain();

 private:
  void on_events(std::uint32_t events) override;
  void read_some();
  void process(std::string_view bytes);
  /// Takes what it can off `bytes`: returns false when nothing more can be done with them now.
  bool step(std::string_view& bytes);
  bool begin_exchange(std::string_view& bytes);
  net::Clock::duration idle_limit() const;
  void refuse(std::uint16_t status, std::string_view problem);
  void on_drained();
  void end_politely();
  void set_interest();
  void arm_timer();
  void on_timer();

  Worker& worker_;
  net::FileDescriptor fd_;
  std::shared_ptr<const ListenerTarget> target_;
  http::HeadParser parser_;
  std::string held_;  ///< a partial head, or what was pipelined behind the current request
  SendQueue queue_;
  std::optional<Exchange> exchange_;
  net::Timer timer_;
  net::Clock::time_point last_active_;
  net::Clock::time_point timer_due_;
  std::uint32_t interest_ = EPOLLIN;
  bool paused_ = false;     ///< by the exchange
  bool ended_ = false;      ///< the client sends no more
  bool closing_ = false;    ///< once everything queued is sent
  bool unread_ = false;     ///< closing with part of a request not read: must linger
  bool lingering_ = false;  ///< reads and drops, so that our last bytes are not lost to a reset
  bool processing_ = false;
  bool closed_ = false;
};

}  // namespace outrigger::sidecar
