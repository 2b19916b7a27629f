#pragma once
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "net/event_loop.h"
#include "net/socket.h"
#include "net/tls.h"

namespace outrigger::net {

/// A connected byte stream, plain or TLS, for everything but the data path: the feed, admin, and HTTP server and
/// client. Loop's thread only. Callbacks may destroy the stream only through the loop's defer().
class Stream final : private EventHandler {
 public:
  struct Callbacks {
    std::function<void()> on_open;                         ///< connected, and the TLS handshake is done
    std::function<void(std::string_view bytes)> on_bytes;  ///< views live for the call
    std::function<void()> on_drained;                      ///< unsent() has become 0
    std::function<void(const std::string& reason)>
        on_end;  ///< once; "" for an orderly end by the peer. Not after close()
  };

  /// Takes over an accepted socket (TLS as the server when `context` is set).
  static std::unique_ptr<Stream> accepted(EventLoop& loop, FileDescriptor fd, const SslContext& context,
                                          Callbacks callbacks);
  /// Connects. `server_name` is verified against the peer's certificate (a DNS name or a numeric IP address).
  static Result<std::unique_ptr<Stream>> connect(EventLoop& loop, const SocketAddress& address,
                                                 const SslContext& context, const std::string& server_name,
                                                 Callbacks callbacks);
  ~Stream();

  /// Queues bytes; a shared block is not copied, so one encoding serves many streams.
  void write(std::shared_ptr<const std::string> block);
  void write(std::string bytes) { write(std::make_shared<const std::string>(std::move(bytes))); }
  /// Bytes queued that the kernel has not taken.
  std::size_t unsent() const { return unsent_; }
  /// Bytes the kernel has taken since the start; with unsent() it tells when a given byte is gone.
  std::uint64_t sent() const { return sent_; }

  /// No more on_bytes until resumed; the kernel's buffer then holds the peer back.
  void pause_reading(bool pause);
  /// Sends what is queued, then ends the stream.
  void finish();
  /// Ends it at once; no callback follows.
  void close();

  const FileDescriptor& descriptor() const { return fd_; }

 private:
  Stream(EventLoop& loop, FileDescriptor fd, const SslContext& context, bool server, Callbacks callbacks);
  void on_events(std::uint32_t events) override;
  void handshake();
  void read_some();
  void flush();
  void end(const std::string& reason);
  void set_interest();

  EventLoop& loop_;
  FileDescriptor fd_;
  std::unique_ptr<SSL, void (*)(SSL*)> ssl_;
  Callbacks callbacks_;
  std::deque<std::shared_ptr<const std::string>> queue_;
  std::size_t front_sent_ = 0;
  std::size_t unsent_ = 0;
  std::uint64_t sent_ = 0;
  std::uint32_t interest_ = 0;
  bool connecting_ = false;
  bool handshaking_ = false;
  bool want_write_ = false;
  bool paused_ = false;
  bool finishing_ = false;
};

}  // namespace outrigger::net
