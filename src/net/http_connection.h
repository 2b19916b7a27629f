#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "http/body_reader.h"
#include "http/head_parser.h"
#include "net/deferral.h"
#include "net/http_server.h"
#include "net/stream.h"

namespace outrigger::net {

class ServedExchange;

/// One connection of an HttpServer: reads heads and bodies, has at most one exchange at a time, keeps the deadlines.
/// Loop's thread only.
class HttpConnection {
 public:
  /// `limits`, `handler` and `watcher` outlive it.
  HttpConnection(EventLoop& loop, FileDescriptor fd, const SslContext& context, const SocketAddress& peer,
                 const HttpServerLimits& limits, const HttpServer::Handler& handler,
                 const HttpConnectionWatcher& watcher);
  ~HttpConnection();
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  /// Once, after the watcher's on_handshake; from then on its head is waited for.
  void take_up_handshake();

  /// The next answer whose head is written says that the connection ends, and it does.
  void close_after_answer() { last_answer_ = true; }

 private:
  friend class ServedExchange;

  /// What the client is waited for, each with a deadline of its own.
  enum class Phase : std::uint8_t { head, idle, body, rest_of_body, nothing };

  // For its exchange.
  void write(std::shared_ptr<const std::string> block);
  void write(std::string bytes) { write(std::make_shared<const std::string>(std::move(bytes))); }
  void say_continue();
  void finish();
  /// Whether the connection ends after the answer whose head is written now; then it does.
  bool decide_close();

  void on_handshake();
  void on_open();
  void on_bytes(std::string_view bytes);
  void on_drained();
  void on_stream_end(const std::string& reason);
  void on_deadline();
  void on_write_deadline();
  /// Takes the buffered bytes as far as they go.
  void process();
  bool read_head();
  void serve(const http::RequestHead& head);
  bool read_body();
  void refuse(std::uint16_t status, std::string_view problem);
  void end_exchange();
  void abort();
  void gone();
  void settle();
  Phase phase() const;
  bool backed_up() const;
  std::string_view unread() const { return std::string_view(buffer_).substr(begin_); }

  EventLoop& loop_;
  const SocketAddress peer_;
  const HttpServerLimits& limits_;
  const HttpServer::Handler& handler_;
  const HttpConnectionWatcher& watcher_;

  std::string buffer_;     ///< bytes that came; an idle connection holds none
  std::size_t begin_ = 0;  ///< buffer_[begin_..) is not taken yet
  http::HeadParser parser_;
  http::RequestHead head_;
  http::BodyReader body_;
  std::unique_ptr<ServedExchange> exchange_;
  bool open_ = false;  ///< the handshake is done
  bool keep_alive_ = true;
  bool last_answer_ = false;       ///< close_after_answer()
  bool expects_continue_ = false;  ///< the client may hold its body back until it is told 100
  bool closing_ = false;           ///< what is queued is sent; nothing is taken any more
  bool gone_ = false;
  bool paused_ = false;
  bool processing_ = false;

  Phase phase_ = Phase::head;
  Timer deadline_;
  Timer write_deadline_;
  std::uint64_t sent_before_ = 0;
  Timer next_round_;
  Deferral soon_;
  std::unique_ptr<Stream> stream_;
};

}  // namespace outrigger::net
