#pragma once
/// An event-driven HTTP/1.1 server for admin, metrics and the feed: bounded connections, bounded heads and bodies, a
/// deadline on heads and on stuck writers. Loop's thread only.
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "http/body_reader.h"
#include "http/head_parser.h"
#include "net/event_loop.h"
#include "net/stream.h"

namespace outrigger::net {

struct HttpServerLimits {
  std::size_t max_connections = 16'384;                      ///< above: accepted and closed at once
  Clock::duration head_timeout = std::chrono::seconds(10);   ///< from the first byte, or the accept, to a whole head
  Clock::duration idle_timeout = std::chrono::seconds(120);  ///< between two exchanges
  Clock::duration write_timeout = std::chrono::seconds(60);  ///< unsent bytes and no progress for this long
};

/// One request and its answer. Ends with the answer or the connection; who keeps it beyond the handler's call must set
/// on_end and let go of it there.
class HttpExchange {
 public:
  virtual ~HttpExchange() = default;

  virtual std::string_view method() const = 0;
  virtual std::string_view path() const = 0;   ///< without the query
  virtual std::string_view query() const = 0;  ///< after '?', may be empty
  virtual bool from_loopback() const = 0;
  virtual const SocketAddress& peer() const = 0;

  /// The whole answer.
  virtual void respond(std::uint16_t status, std::string_view content_type, std::string_view body) = 0;

  /// An answer of no known length, chunked. Blocks given to send() must carry their own chunk framing (chunked()), so
  /// that one encoding serves many.
  virtual void start_stream(std::string_view content_type) = 0;
  virtual void send(std::shared_ptr<const std::string> chunk) = 0;
  virtual void end_stream() = 0;
  virtual std::size_t unsent() const = 0;
  virtual std::uint64_t sent() const = 0;

  /// The request's body as it comes; without on_body it is read and thrown away. Set them within the handler's call.
  std::function<void(std::string_view)> on_body;
  std::function<void()> on_body_end;
  std::function<void()> on_drained;  ///< unsent() has become 0
  std::function<void()> on_end;      ///< the connection is gone or the answer is complete; the exchange ends after it
};

/// `data` as one HTTP chunk.
std::shared_ptr<const std::string> chunked(std::string_view data);

class HttpServer final {
 public:
  using Handler = std::function<void(HttpExchange&)>;

  /// Takes over a listening socket. TLS when `context` is set.
  HttpServer(EventLoop& loop, FileDescriptor listener, SslContext context, Handler handler,
             const HttpServerLimits& limits = {});
  ~HttpServer();

  std::size_t connections() const;
  SocketAddress address() const;

 private:
  class Connection;
  class Acceptor;
  std::unique_ptr<Acceptor> acceptor_;
};

}  // namespace outrigger::net
