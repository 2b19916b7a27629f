#pragma once
/// TCP sockets: non-blocking, close-on-exec, TCP_NODELAY. Any thread.
#include <netinet/in.h>
#include <sys/socket.h>

#include <string>
#include <string_view>

#include "net/file_descriptor.h"
#include "result/result.h"

namespace outrigger::net {

/// An IPv4 or IPv6 address and port.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;

  /// Reads "127.0.0.1:80" or "[::1]:80"; port 0 is allowed (to listen on any).
  static Result<SocketAddress> parse(std::string_view text);
  std::string text() const;
  std::string host() const;  ///< without the port and without brackets
  std::uint16_t port() const;
  bool is_loopback() const;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

/// Listens with SO_REUSEADDR and, if asked, SO_REUSEPORT. [::] is every address, also those of IPv4, and these alone
/// where the kernel has no IPv6. The error names the address and the reason.
Result<FileDescriptor> listen_on(const SocketAddress& address, bool reuse_port);
/// Starts to connect: EINPROGRESS is success; the outcome comes as EPOLLOUT or EPOLLERR and connect_error(). After an
/// error errno tells why, too.
Result<FileDescriptor> start_connect(const SocketAddress& address);
/// errno of a connect that ended, 0 for success.
int connect_error(int fd);
/// The accepted socket, empty when there is none now (errno tells why).
FileDescriptor accept_on(int listener);
Result<SocketAddress> local_address(int fd);
Result<SocketAddress> peer_address(int fd);
/// The peer's numeric address without its port, IPv6 without brackets; empty when it has gone.
std::string peer_host(int fd);
/// Closing the socket will reset the connection: for one that must not seem to have ended in order.
void reset_on_close(int fd);

}  // namespace outrigger::net
