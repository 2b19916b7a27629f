/// An upstream that costs almost nothing: a GET of /N is answered with N bytes (at most 4 MiB), any other with the
/// listener's name. One thread, epoll.
///
///   outrigger-test-backend IP:PORT=NAME ...
///
/// Port 0 takes a free one; listeners after the first with port 0 get the same, as the endpoints of an EndpointSlice
/// have theirs. Prints "IP:PORT NAME" for each once all listen. Requests must not have a body.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <unordered_map>

#include "sockets.h"

namespace {

constexpr std::size_t kMaxRequestBytes = 64 * 1024;
constexpr std::size_t kMaxBodyBytes = 4 * 1024 * 1024;

struct Listener {
  sockaddr_in address{};
  std::string name;
  std::string body;
};

struct Connection {
  const Listener& listener;
  std::string received;
  std::string unsent_head;
  std::string_view unsent_body;
  bool waits_to_send = false;
};

Listener parse(std::string_view argument, in_port_t shared_port) {
  const std::size_t equals = argument.find('=');
  if (equals == std::string_view::npos) {
    std::fprintf(stderr, "outrigger-test-backend: \"%.*s\": must be IP:PORT=NAME\n", static_cast<int>(argument.size()),
                 argument.data());
    std::exit(1);
  }
  Listener listener{parse_address(argument.substr(0, equals)), std::string(argument.substr(equals + 1)), {}};
  if (listener.address.sin_port == 0) listener.address.sin_port = shared_port;
  listener.body = listener.name + "\n";
  return listener;
}

class Server {
 public:
  void add(const Listener& listener, int fd) {
    watch(epoll_, EPOLL_CTL_ADD, fd, EPOLLIN);
    listeners_.emplace(fd, listener);
  }

  void run() {
    std::array<epoll_event, 256> events;
    while (true) {
      const int ready = epoll_wait(epoll_, events.data(), events.size(), -1);
      for (int i = 0; i < ready; ++i) {
        const int fd = events[static_cast<std::size_t>(i)].data.fd;
        if (const auto listener = listeners_.find(fd); listener != listeners_.end()) {
          accept_all(fd, listener->second);
        } else if (!serve(fd, connections_.at(fd), events[static_cast<std::size_t>(i)].events)) {
          connections_.erase(fd);
          close(fd);
        }
      }
    }
  }

 private:
  void accept_all(int listening, const Listener& listener) {
    while (true) {
      const int fd = accept4(listening, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      connections_.emplace(fd, Connection{listener, {}, {}, {}, false});
      watch(epoll_, EPOLL_CTL_ADD, fd, EPOLLIN);
    }
  }

  /// False: the connection is over.
  bool serve(int fd, Connection& connection, std::uint32_t events) {
    if ((events & EPOLLOUT) != 0) return send(fd, connection) && answer(fd, connection);
    const ssize_t size = read(fd, buffer_.data(), buffer_.size());
    if (size <= 0) return false;
    connection.received.append(buffer_.data(), static_cast<std::size_t>(size));
    return connection.received.size() <= kMaxRequestBytes && answer(fd, connection);
  }

  /// Answers what was received, in order; the next request waits until the client has taken the last answer.
  bool answer(int fd, Connection& connection) {
    while (!connection.waits_to_send) {
      const std::size_t end = connection.received.find("\r\n\r\n");
      if (end == std::string::npos) return true;
      connection.unsent_body = body_for(connection);
      connection.unsent_head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " +
                               std::to_string(connection.unsent_body.size()) + "\r\n\r\n";
      connection.received.erase(0, end + 4);
      if (!send(fd, connection)) return false;
    }
    return true;
  }

  std::string_view body_for(const Connection& connection) const {
    constexpr std::string_view kStart = "GET /";
    const std::string_view request = connection.received;
    std::size_t size = 0;
    const char* const digits = request.data() + kStart.size();
    const bool sized = request.starts_with(kStart) &&
                       std::from_chars(digits, request.data() + request.size(), size).ec == std::errc{} &&
                       size <= kMaxBodyBytes;
    return sized ? std::string_view(filler_).substr(0, size) : connection.listener.body;
  }

  bool send(int fd, Connection& connection) {
    std::string& head = connection.unsent_head;
    std::string_view& body = connection.unsent_body;
    const std::array<iovec, 2> parts{iovec{head.data(), head.size()},
                                     iovec{const_cast<char*>(body.data()), body.size()}};
    const ssize_t size = writev(fd, parts.data(), parts.size());
    if (size < 0 && errno != EAGAIN) return false;
    const std::size_t sent = size < 0 ? 0 : static_cast<std::size_t>(size);
    const std::size_t of_head = std::min(sent, head.size());
    head.erase(0, of_head);
    body.remove_prefix(sent - of_head);
    const bool all_sent = head.empty() && body.empty();
    if (connection.waits_to_send == all_sent) {
      // Nothing more is read from a client that does not take its answers.
      connection.waits_to_send = !all_sent;
      watch(epoll_, EPOLL_CTL_MOD, fd, all_sent ? EPOLLIN : EPOLLOUT);
    }
    return true;
  }

  int epoll_ = epoll_create1(EPOLL_CLOEXEC);
  std::unordered_map<int, Listener> listeners_;
  std::unordered_map<int, Connection> connections_;
  std::array<char, 16 * 1024> buffer_{};
  const std::string filler_ = std::string(kMaxBodyBytes, 'x');
};

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  if (argc < 2) {
    std::fprintf(stderr, "usage: outrigger-test-backend IP:PORT=NAME ...\n");
    return 1;
  }
  Server server;
  std::string listening;
  in_port_t shared_port = 0;
  for (int i = 1; i < argc; ++i) {
    Listener listener = parse(argv[i], shared_port);
    server.add(listener, listen_on(listener.address));
    if (shared_port == 0) shared_port = listener.address.sin_port;
    std::array<char, INET_ADDRSTRLEN> ip{};
    inet_ntop(AF_INET, &listener.address.sin_addr, ip.data(), ip.size());
    listening +=
        std::string(ip.data()) + ":" + std::to_string(ntohs(listener.address.sin_port)) + " " + listener.name + "\n";
  }
  std::fputs(listening.c_str(), stdout);
  std::fflush(stdout);
  server.run();
}
