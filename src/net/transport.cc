#include "net/transport.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "net/peer_certificate.h"
#include "net/socket_bio.h"
#include "net/tls_error.h"

namespace outrigger::net {
namespace {

using Kind = Progress::Kind;

constexpr std::size_t kRecordBytes =
    std::size_t{16} * 1024;  ///< the most plaintext of a TLS record (RFC 8446 section 5.1)

bool is_numeric(const std::string& name) {
  in6_addr address{};
  return ::inet_pton(AF_INET, name.c_str(), &address) == 1 || ::inet_pton(AF_INET6, name.c_str(), &address) == 1;
}

Progress socket_progress(ssize_t result, Kind again, Kind none) {
  if (result > 0) return {Kind::done, static_cast<std::size_t>(result)};
  if (result == 0) return {none};
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return {again};
  return {Kind::failed, 0, std::system_category().message(errno)};
}

}  // namespace

Transport Transport::server(FileDescriptor fd, const SslContext& context) {
  Transport transport(std::move(fd));
  if (context) {
    transport.start_tls(context.get());
    SSL_set_accept_state(transport.ssl_.get());
  }
  return transport;
}

Transport Transport::client(FileDescriptor fd, const SslContext& context, const std::string& server_name) {
  Transport transport(std::move(fd));
  if (!context) return transport;
  CHECK(!server_name.empty());
  transport.start_tls(context.get());
  SSL* const ssl = transport.ssl_.get();
  SSL_set_connect_state(ssl);
  if (is_numeric(server_name)) {
    CHECK(X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), server_name.c_str()) == 1);
  } else {
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    CHECK(SSL_set1_host(ssl, server_name.c_str()) == 1);
    // RFC 6066 section 3: only DNS names, never addresses.
    CHECK(SSL_set_tlsext_host_name(ssl, server_name.c_str()) == 1);
  }
  return transport;
}

void Transport::start_tls(SSL_CTX* context) {
  ssl_.reset(SSL_new(context));
  CHECK(ssl_);
  BIO* const bio = make_socket_bio(fd_.get());
  SSL_set_bio(ssl_.get(), bio, bio);
}

Progress Transport::failed(int result, const char* during) {
  const int error = errno;
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ: return {Kind::want_read};
    case SSL_ERROR_WANT_WRITE: return {Kind::want_write};
    case SSL_ERROR_ZERO_RETURN: return {Kind::end};
    case SSL_ERROR_SYSCALL: {
      const std::string reason = error == 0 ? "the connection is lost" : std::system_category().message(error);
      return {Kind::failed, 0, during + take_tls_error(reason)};
    }
    default: return {Kind::failed, 0, during + take_tls_error("failed")};
  }
}

Progress Transport::handshake() {
  if (!ssl_) return {};
  ERR_clear_error();
  errno = 0;
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1) return {};
  Progress progress = failed(result, "TLS handshake: ");
  const long verified = SSL_get_verify_result(ssl_.get());
  if (progress.kind == Kind::failed && verified != X509_V_OK) {
    progress.reason = std::string("TLS handshake: the peer's certificate: ") + X509_verify_cert_error_string(verified);
  }
  return progress;
}

Progress Transport::read(std::span<char> buffer) {
  if (!ssl_) return socket_progress(::recv(fd_.get(), buffer.data(), buffer.size(), 0), Kind::want_read, Kind::end);
  ERR_clear_error();
  errno = 0;
  std::size_t got = 0;
  const int result = SSL_read_ex(ssl_.get(), buffer.data(), buffer.size(), &got);
  return result == 1 ? Progress{Kind::done, got} : failed(result, "TLS: ");
}

Progress Transport::write(std::span<const std::string_view> pieces) {
  pieces = pieces.first(std::min(pieces.size(), kMaxPieces));
  if (!ssl_) {
    std::array<iovec, kMaxPieces> vectors;
    std::transform(pieces.begin(), pieces.end(), vectors.begin(), [](std::string_view piece) {
      return iovec{const_cast<char*>(piece.data()), piece.size()};
    });
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = pieces.size();
    return socket_progress(::sendmsg(fd_.get(), &message, MSG_NOSIGNAL), Kind::want_write, Kind::want_write);
  }

  // Small pieces share a record: each record costs a system call, a header and a tag.
  std::array<char, kRecordBytes> record;
  std::string_view bytes = pieces.front();
  if (bytes.size() < kRecordBytes && pieces.size() > 1) {
    std::size_t size = 0;
    for (const std::string_view piece : pieces) {
      const std::size_t part = std::min(piece.size(), kRecordBytes - size);
      std::memcpy(record.data() + size, piece.data(), part);
      size += part;
    }
    bytes = {record.data(), size};
  }
  ERR_clear_error();
  errno = 0;
  std::size_t sent = 0;
  const int result = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &sent);
  return result == 1 ? Progress{Kind::done, sent} : failed(result, "TLS: ");
}

Progress Transport::shut_down() {
  if (ssl_) {
    ERR_clear_error();
    errno = 0;
    // 0: our close_notify is sent, the peer's has not come, and is not waited for.
    const int result = SSL_shutdown(ssl_.get());
    if (result < 0) return failed(result, "TLS: ");
  }
  ::shutdown(fd_.get(), SHUT_WR);
  return {};
}

Progress Transport::discard(std::span<char> buffer) {
  return socket_progress(::recv(fd_.get(), buffer.data(), buffer.size(), 0), Kind::want_read, Kind::end);
}

bool Transport::has_buffered() const { return ssl_ && SSL_has_pending(ssl_.get()) == 1; }

std::optional<PeerCertificate> Transport::peer_certificate() const {
  const X509* const certificate = ssl_ ? SSL_get0_peer_certificate(ssl_.get()) : nullptr;
  return certificate == nullptr ? std::nullopt : std::optional(read_peer_certificate(certificate));
}

void Transport::close() {
  ssl_.reset();
  fd_.reset();
}

}  // namespace outrigger::net
