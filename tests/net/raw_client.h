#pragma once
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>
#include <string_view>

#include "net/socket.h"

namespace outrigger::net {

/// A client's bare socket. Sends and receives only when pumped, so it lives in the server's thread.
class RawClient {
 public:
  explicit RawClient(const SocketAddress& server) {
    auto connecting = start_connect(server);
    CHECK(connecting);
    fd_ = std::move(*connecting);
    pollfd poll{fd_.get(), POLLOUT, 0};
    CHECK(::poll(&poll, 1, 10'000) == 1);
  }

  void send(std::string_view bytes) {
    to_send_ += bytes;
    pump();
  }
  /// Sends what is left to send and, if `reading`, receives what has come. Returns itself, for conditions.
  RawClient& pump(bool reading = true) {
    while (!to_send_.empty()) {
      const ssize_t sent = ::send(fd_.get(), to_send_.data(), to_send_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent <= 0) break;
      to_send_.erase(0, static_cast<std::size_t>(sent));
    }
    while (reading && !closed_) {
      char buffer[65'536];
      const ssize_t got = ::recv(fd_.get(), buffer, sizeof(buffer), MSG_DONTWAIT);
      if (got < 0 && errno == EAGAIN) break;
      if (got <= 0) {
        closed_ = true;
        break;
      }
      received_.append(buffer, static_cast<std::size_t>(got));
    }
    return *this;
  }
  bool has(std::string_view text) { return pump().received_.find(text) != std::string::npos; }
  bool closed() { return pump().closed_; }
  const std::string& received() const { return received_; }
  std::string take() { return std::exchange(received_, {}); }
  int fd() const { return fd_.get(); }
  /// Goes without a word, so that the server sees a reset.
  void reset() {
    const linger hard{1, 0};
    CHECK(::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)) == 0);
    fd_.reset();
  }

 private:
  FileDescriptor fd_;
  std::string to_send_;
  std::string received_;
  bool closed_ = false;
};

}  // namespace outrigger::net
