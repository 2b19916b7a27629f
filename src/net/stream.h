#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/deferral.h"
#include "net/event_loop.h"
#include "net/socket.h"
#include "net/tls.h"
#include "net/transport.h"

namespace outrigger::net {

/// A connected byte stream, plain or TLS, for everything but the data path: the feed, admin, and HTTP server and
/// client. Loop's thread only. Callbacks come from the loop alone, never from within a call of the stream's functions,
/// and none comes after on_end, close() or the stream's end. A callback may call anything of its stream but may not
/// destroy it (a CHECK): that waits for the loop's defer().
class Stream final : private EventHandler {
 public:
  struct Callbacks {
    /// Of an accepted one with TLS: the peer has begun its handshake, which waits for take_up_handshake(). Without it
    /// no handshake waits.
    std::function<void()> on_handshake = {};
    /// Connected, and the TLS handshake is done. With TLS 1.3 a client gets here before the server has judged its
    /// certificate: a refusal still comes, through on_end.
    std::function<void()> on_open;
    std::function<void(std::string_view bytes)> on_bytes;  ///< views live for the call; none after finish()
    std::function<void()> on_drained;                      ///< unsent() has become 0, some time after a write()
    /// Once, when the descriptor is closed: "" for an orderly end by the peer (what was queued by then has been sent)
    /// or after finish(), else what went wrong.
    std::function<void(const std::string& reason)> on_end;
  };

  /// Takes over an accepted socket (TLS as the server when `context` is set).
  static std::unique_ptr<Stream> accepted(EventLoop& loop, FileDescriptor fd, const SslContext& context,
                                          Callbacks callbacks);
  /// Takes over a socket that connects (start_connect()). With TLS `server_name` is verified against the peer's
  /// certificate: a DNS name or a numeric IP address, not empty.
  static std::unique_ptr<Stream> connecting(EventLoop& loop, FileDescriptor fd, const SslContext& context,
                                            const std::string& server_name, Callbacks callbacks);
  /// The same with a socket made for it.
  static Result<std::unique_ptr<Stream>> connect(EventLoop& loop, const SocketAddress& address,
                                                 const SslContext& context, const std::string& server_name,
                                                 Callbacks callbacks);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  /// Queues bytes, also before on_open; they leave when the loop's round ends, those of several calls together. A
  /// shared block is not copied, so one encoding serves many streams. Dropped after finish() and after the end.
  void write(std::shared_ptr<const std::string> block);
  void write(std::string bytes) { write(std::make_shared<const std::string>(std::move(bytes))); }
  /// Bytes queued that the kernel has not taken; 0 after the end.
  std::size_t unsent() const { return unsent_; }
  /// Bytes the kernel has taken since the start; with unsent() it tells when a given byte is gone.
  std::uint64_t sent() const { return sent_; }

  /// Once, after on_handshake.
  void take_up_handshake();
  /// No more on_bytes until resumed; the kernel's buffer then holds the peer back, and the peer's end goes unseen.
  void pause_reading(bool pause);
  /// Sends what is queued, then ends the stream, with on_end(""). Waits for the peer's end, at most two seconds and
  /// throwing away what it still sends, so that what was sent is not lost with a reset (RFC 9112 section 9.6).
  void finish();
  /// Ends it at once; no callback follows.
  void close();

  /// Once it is open; none when plain, and where the peer has shown none.
  std::optional<PeerCertificate> peer_certificate() const { return transport_.peer_certificate(); }

  const FileDescriptor& descriptor() const { return transport_.descriptor(); }

 private:
  enum class State : std::uint8_t { connecting, silent, waiting, handshaking, open, lingering, ended };

  Stream(EventLoop& loop, Transport transport, State state, Callbacks callbacks);
  void on_events(std::uint32_t events) override;
  void finish_connecting();
  void wait_for_turn();
  void handshake();
  void read_some();
  void flush();
  std::size_t write_once();
  void drop_sent(std::size_t bytes);
  void after_flush();
  void linger();
  void continue_work();
  bool failed(const Progress& progress);
  void end(const std::string& reason);
  void update_interest();
  bool reads() const { return state_ == State::open && !read_closed_ && (!paused_ || finishing_); }

  template <class Callback, class... Arguments>
  void call(const Callback& callback, const Arguments&... arguments) {
    if (!callback) return;
    in_callback_ = true;
    callback(arguments...);
    in_callback_ = false;
  }

  EventLoop& loop_;
  Transport transport_;
  Callbacks callbacks_;
  std::vector<std::shared_ptr<const std::string>> queue_;  ///< an empty deque has half a KiB
  std::size_t first_ = 0;                                  ///< queue_[first_..) is not gone yet
  std::size_t front_sent_ = 0;                             ///< bytes of queue_[first_] that are gone
  std::size_t unsent_ = 0;
  std::uint64_t sent_ = 0;
  std::uint32_t interest_ = 0;
  State state_;
  bool in_callback_ = false;
  bool paused_ = false;
  bool finishing_ = false;
  bool read_closed_ = false;
  bool read_wants_write_ = false;  ///< TLS: the step is taken up again when the socket is ready for the other direction
  bool write_wants_read_ = false;
  Timer linger_;
  Deferral soon_;  ///< what no event of the descriptor will bring about
};

}  // namespace outrigger::net
