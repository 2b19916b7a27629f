#pragma once
#include <openssl/ssl.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "net/file_descriptor.h"
#include "net/tls.h"

namespace outrigger::net {

/// How a step of a Transport went.
struct Progress {
  enum class Kind : std::uint8_t {
    done,        ///< `bytes` were moved, or the handshake or shutdown is complete
    want_read,   ///< again when the socket is readable
    want_write,  ///< again when the socket is writable
    end,         ///< the peer sends no more
    failed       ///< the connection is of no more use: `reason`
  };
  Kind kind = Kind::done;
  std::size_t bytes = 0;
  std::string reason{};
};

/// A connected non-blocking socket, spoken to plainly or through TLS. Never blocks, never raises SIGPIPE. One thread.
class Transport {
 public:
  /// The most views of one write() that are looked at.
  static constexpr std::size_t kMaxPieces = 64;

  /// Plain when `context` is empty.
  static Transport server(FileDescriptor fd, const SslContext& context);
  /// `server_name`, a DNS name or a numeric IP address, is what the peer's certificate must be for; not empty with TLS.
  static Transport client(FileDescriptor fd, const SslContext& context, const std::string& server_name);

  /// At once done when plain.
  Progress handshake();
  Progress read(std::span<char> buffer);
  /// Sends some of the pieces, at least a byte when done. After want_* the next write must begin with the same bytes.
  Progress write(std::span<const std::string_view> pieces);
  /// Says that we send no more: close_notify, then FIN.
  Progress shut_down();
  /// Reads past TLS and throws away.
  Progress discard(std::span<char> buffer);
  /// True when a read would give bytes that no event of the socket will tell of.
  bool has_buffered() const;

  /// None when plain, and where the peer has shown none.
  std::optional<PeerCertificate> peer_certificate() const;

  const FileDescriptor& descriptor() const { return fd_; }
  void close();

 private:
  explicit Transport(FileDescriptor fd) : fd_(std::move(fd)) {}
  void start_tls(SSL_CTX* context);
  Progress failed(int result, const char* during);

  struct FreeSsl {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  FileDescriptor fd_;
  std::unique_ptr<SSL, FreeSsl> ssl_;
};

}  // namespace outrigger::net
