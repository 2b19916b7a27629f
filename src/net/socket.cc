#include "net/socket.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <system_error>

namespace outrigger::net {
namespace {

constexpr int kBacklog = 4096;

std::string reason(int error) { return std::system_category().message(error); }

std::optional<std::uint16_t> parse_port(std::string_view digits) {
  std::uint16_t port = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (problem != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return port;
}

// inet_pton wants a terminated string, and no address is longer than INET6_ADDRSTRLEN.
bool parse_host(int family, std::string_view host, void* out) {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  if (host.size() >= buffer.size()) return false;
  std::memcpy(buffer.data(), host.data(), host.size());
  return ::inet_pton(family, buffer.data(), out) == 1;
}

template <class T>
SocketAddress wrap(const T& address) {
  SocketAddress wrapped;
  std::memcpy(&wrapped.storage, &address, sizeof(T));
  wrapped.length = sizeof(T);
  return wrapped;
}

template <class T>
T unwrap(const SocketAddress& address) {
  T unwrapped{};
  std::memcpy(&unwrapped, &address.storage, sizeof(T));
  return unwrapped;
}

bool set_option(int fd, int level, int name, int value) {
  return ::setsockopt(fd, level, name, &value, sizeof(value)) == 0;
}

FileDescriptor make_socket(const SocketAddress& address) {
  return FileDescriptor(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

Result<SocketAddress> address_of(int fd, int (*which)(int, sockaddr*, socklen_t*), const char* side) {
  SocketAddress address;
  address.length = sizeof(address.storage);
  if (which(fd, reinterpret_cast<sockaddr*>(&address.storage), &address.length) != 0) {
    return failure(std::string("the socket's ") + side + " address: " + reason(errno));
  }
  return address;
}

}  // namespace

Result<SocketAddress> SocketAddress::parse(std::string_view text) {
  const auto refuse = [text] {
    return failure("address \"" + std::string(text) + "\": must be IPV4:PORT or [IPV6]:PORT, the port 0 to 65535");
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return refuse();
  const auto port = parse_port(text.substr(colon + 1));
  if (!port) return refuse();

  const std::string_view host = text.substr(0, colon);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(*port);
    if (!parse_host(AF_INET6, host.substr(1, host.size() - 2), &address.sin6_addr)) return refuse();
    return wrap(address);
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(*port);
  if (!parse_host(AF_INET, host, &address.sin_addr)) return refuse();
  return wrap(address);
}

std::string SocketAddress::host() const {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  if (storage.ss_family == AF_INET6) {
    const auto address = unwrap<sockaddr_in6>(*this);
    ::inet_ntop(AF_INET6, &address.sin6_addr, buffer.data(), buffer.size());
  } else {
    const auto address = unwrap<sockaddr_in>(*this);
    ::inet_ntop(AF_INET, &address.sin_addr, buffer.data(), buffer.size());
  }
  return buffer.data();
}

std::string SocketAddress::text() const {
  const bool ipv6 = storage.ss_family == AF_INET6;
  return (ipv6 ? "[" + host() + "]" : host()) + ":" + std::to_string(port());
}

std::uint16_t SocketAddress::port() const {
  if (storage.ss_family == AF_INET6) return ntohs(unwrap<sockaddr_in6>(*this).sin6_port);
  return ntohs(unwrap<sockaddr_in>(*this).sin_port);
}

bool SocketAddress::is_loopback() const {
  constexpr std::uint8_t kLoopbackNet = 127;
  if (storage.ss_family == AF_INET) return ntohl(unwrap<sockaddr_in>(*this).sin_addr.s_addr) >> 24 == kLoopbackNet;
  if (storage.ss_family != AF_INET6) return false;
  const auto address = unwrap<sockaddr_in6>(*this).sin6_addr;
  return IN6_IS_ADDR_LOOPBACK(&address) || (IN6_IS_ADDR_V4MAPPED(&address) && address.s6_addr[12] == kLoopbackNet);
}

Result<FileDescriptor> listen_on(const SocketAddress& wanted, bool reuse_port) {
  SocketAddress address = wanted;
  if (wanted.host() == "::" && !make_socket(wanted) && errno == EAFNOSUPPORT) {
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_port = htons(wanted.port());
    address = wrap(any);
  }
  const auto fail = [&address] { return failure("listen on " + address.text() + ": " + reason(errno)); };
  FileDescriptor fd = make_socket(address);
  if (!fd) return fail();
  if (!set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1)) return fail();
  if (reuse_port && !set_option(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1)) return fail();
  if (address.storage.ss_family == AF_INET6 && !set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 0)) return fail();
  // Accepted sockets inherit it, which saves a call for each.
  if (!set_option(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1)) return fail();
  if (::bind(fd.get(), address.get(), address.length) != 0) return fail();
  if (::listen(fd.get(), kBacklog) != 0) return fail();
  return fd;
}

Result<FileDescriptor> start_connect(const SocketAddress& address) {
  FileDescriptor fd = make_socket(address);
  const bool begun = fd && set_option(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1) &&
                     (::connect(fd.get(), address.get(), address.length) == 0 || errno == EINPROGRESS);
  if (begun) return fd;
  const int error = errno;
  fd.reset();
  auto failed = failure("connect to " + address.text() + ": " + reason(error));
  errno = error;
  return failed;
}

int connect_error(int fd) {
  int error = 0;
  socklen_t length = sizeof(error);
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0) return errno;
  return error;
}

FileDescriptor accept_on(int listener) {
  for (;;) {
    const int fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    // A connection that died in the queue says nothing about the next one.
    if (fd < 0 && (errno == EINTR || errno == ECONNABORTED || errno == EPROTO)) continue;
    return FileDescriptor(fd);
  }
}

Result<SocketAddress> local_address(int fd) { return address_of(fd, ::getsockname, "local"); }
Result<SocketAddress> peer_address(int fd) { return address_of(fd, ::getpeername, "peer's"); }

std::string peer_host(int fd) {
  const auto address = peer_address(fd);
  return address ? address->host() : std::string();
}

void reset_on_close(int fd) {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

}  // namespace outrigger::net
