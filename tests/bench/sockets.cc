#include "sockets.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>

void fail(const std::string& what) {
  std::perror((std::string(program_invocation_short_name) + ": " + what).c_str());
  std::exit(1);
}

sockaddr_in parse_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  sockaddr_in address{};
  address.sin_family = AF_INET;
  in_port_t port = 0;
  if (colon == std::string_view::npos ||
      inet_pton(AF_INET, std::string(text.substr(0, colon)).c_str(), &address.sin_addr) != 1 ||
      std::from_chars(text.data() + colon + 1, text.data() + text.size(), port).ptr != text.data() + text.size()) {
    std::fprintf(stderr, "%s: \"%.*s\": must be IP:PORT\n", program_invocation_short_name,
                 static_cast<int>(text.size()), text.data());
    std::exit(1);
  }
  address.sin_port = htons(port);
  return address;
}

int listen_on(sockaddr_in& address) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  socklen_t length = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  // Accepted sockets inherit TCP_NODELAY.
  if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 || bind(fd, any, length) != 0 ||
      listen(fd, SOMAXCONN) != 0 || getsockname(fd, any, &length) != 0) {
    std::array<char, INET_ADDRSTRLEN> ip{};
    inet_ntop(AF_INET, &address.sin_addr, ip.data(), ip.size());
    fail("cannot listen on " + std::string(ip.data()) + ":" + std::to_string(ntohs(address.sin_port)));
  }
  return fd;
}

void watch(int epoll, int operation, int fd, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  if (epoll_ctl(epoll, operation, fd, &event) != 0) fail("epoll_ctl");
}
