#pragma once
/// An event-driven HTTP/1.1 server for admin, metrics and the feed: bounded connections and heads, bodies handed on as
/// they come and never held, deadlines on heads, idleness and stuck writers. Loop's thread only.
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "http/head_parser.h"
#include "net/event_loop.h"
#include "net/socket.h"
#include "net/tls.h"

namespace outrigger::net {

struct HttpServerLimits {
  std::size_t max_connections = 16'384;  ///< above: accepted and closed at once
  /// TLS handshakes under way; above, those that clients have begun wait for their turn, and so long no time counts.
  /// One costs a millisecond of CPU, so of thousands taken up at once none would be done in time.
  std::size_t max_handshakes = 64;
  /// A handshake that takes longer keeps no other from its turn.
  Clock::duration handshake_turn = std::chrono::seconds(1);
  /// From the first byte, or the accept, to a whole head; also what a client has to bring the rest of a body to its end
  /// whose answer is complete.
  Clock::duration head_timeout = std::chrono::seconds(10);
  /// Between two exchanges; also between two pieces of a body while there is no answer yet. A stream that has begun may
  /// stay silent for as long as it likes.
  Clock::duration idle_timeout = std::chrono::seconds(120);
  /// Unsent bytes and no progress for this long (and at most twice that) end the connection.
  Clock::duration write_timeout = std::chrono::seconds(60);
  http::HeadLimits head{
      .max_head_bytes = std::size_t{16} * 1024, .max_target_bytes = std::size_t{8} * 1024, .max_fields = 100};
};

/// One request and its answer. Ends with the answer or the connection; who keeps it beyond the handler's call must set
/// on_end and let go of it there. Callbacks come from the loop alone, never from within a call of the exchange's
/// functions. A connection's exchanges come one after the other, however many requests the client sends ahead.
/// Calls out of order are a CHECK: two answers, send() without a stream, anything after the end.
class HttpExchange {
 public:
  virtual ~HttpExchange() = default;

  virtual std::string_view method() const = 0;
  virtual std::string_view path() const = 0;   ///< without the query
  virtual std::string_view query() const = 0;  ///< after '?', may be empty
  virtual bool from_loopback() const = 0;
  virtual const SocketAddress& peer() const = 0;
  virtual std::string_view authorization() const = 0;  ///< the field's value, a secret; empty without
  /// The client's, verified; none when plain, and where it has shown none.
  virtual std::optional<PeerCertificate> certificate() const = 0;

  /// The whole answer. `retry_after` is the field Retry-After; 0: none.
  virtual void respond(std::uint16_t status, std::string_view content_type, std::string_view body,
                       std::chrono::seconds retry_after = {}) = 0;

  /// An answer of status 200 and no known length, chunked; may begin while the request's body still comes. Blocks given
  /// to send() must carry their own chunk framing (chunked()), so that one encoding serves many. An HTTP/1.0 client,
  /// which knows no chunks, is told 505 instead, and what is sent is dropped until on_end; so it is for HEAD.
  virtual void start_stream(std::string_view content_type) = 0;
  virtual void send(std::shared_ptr<const std::string> chunk) = 0;
  virtual void end_stream() = 0;
  /// Bytes of the connection that the kernel has not taken, and those that it has: Stream's unsent() and sent().
  virtual std::size_t unsent() const = 0;
  virtual std::uint64_t sent() const = 0;

  /// The request's body as it comes; without on_body it is read and thrown away. Set them within the handler's call,
  /// and before start_stream(): who sets on_body wants the body, so that `Expect: 100-continue` is answered with 100.
  std::function<void(std::string_view)> on_body;
  std::function<void()> on_body_end;  ///< also of an empty body; not when the exchange ends before it
  std::function<void()> on_drained;   ///< unsent() has become 0
  std::function<void()> on_end;       ///< the connection is gone or the answer is complete; the exchange ends after it
};

/// `data` as one HTTP chunk. Requires data: an empty chunk would end the stream.
std::shared_ptr<const std::string> chunked(std::string_view data);

class Acceptor;
class HttpConnection;

/// What a server is told by its connections.
struct HttpConnectionWatcher {
  std::function<void(HttpConnection&)> on_handshake;  ///< TLS: it waits for take_up_handshake()
  std::function<void(HttpConnection&)> on_open;       ///< the handshake is done
  std::function<void(const SocketAddress& peer, const std::string& reason)> on_handshake_failure;
  /// Once, when there is nothing left but to destroy it, which must wait for the loop's defer().
  std::function<void(HttpConnection&)> on_gone;
};

class HttpServer final {
 public:
  /// Answers, or keeps the exchange and answers later. One that is neither answered nor kept is answered with 500.
  using Handler = std::function<void(HttpExchange&)>;
  /// A connection has ended before its TLS handshake has: who and why.
  using OnHandshakeFailure = std::function<void(const SocketAddress& peer, const std::string& reason)>;

  /// Takes over a listening socket. TLS when `context` is set.
  HttpServer(EventLoop& loop, FileDescriptor listener, SslContext context, Handler handler,
             const HttpServerLimits& limits = {});
  /// Ends all connections, and so all exchanges, with their on_end. Not from within a handler or a callback: those wait
  /// for the loop's defer().
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// For the connections accepted from now on; those there are keep theirs. Requires a server that speaks TLS.
  void set_context(SslContext context);
  void set_on_handshake_failure(OnHandshakeFailure told) { on_handshake_failure_ = std::move(told); }

  /// From now on each connection ends with its next answer, which says so. Those taken from now on, too.
  void close_after_answers();

  /// No connection is taken from now on: the port is closed. Those there are go on.
  void stop_listening();

  std::size_t connections() const { return connections_.size(); }
  /// Requires that it listens.
  SocketAddress address() const;

 private:
  void accept(FileDescriptor fd);
  void forget(HttpConnection& connection);
  void wait_for_turn(HttpConnection& connection);
  void end_turn(const HttpConnection& connection);
  void end_old_turns();
  void give_turns();

  EventLoop& loop_;
  SslContext context_;
  Handler handler_;
  OnHandshakeFailure on_handshake_failure_;
  HttpServerLimits limits_;
  const HttpConnectionWatcher watcher_;
  struct Handshake {
    const HttpConnection* connection;
    Clock::time_point turn_ends_at;
  };
  std::unordered_map<HttpConnection*, std::unique_ptr<HttpConnection>> connections_;
  std::vector<Handshake> handshakes_;    ///< oldest first, at most max_handshakes
  Timer turn_;                           ///< of the oldest
  std::deque<HttpConnection*> waiting_;  ///< for their turn
  bool closing_ = false;                 ///< close_after_answers()
  std::unique_ptr<Acceptor> acceptor_;   ///< null: it does not listen any more
};

}  // namespace outrigger::net
