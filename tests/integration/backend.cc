#include "integration/backend.h"

#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "integration/socket_address.h"

namespace outrigger::integration {
namespace {

std::string message(int status, const std::string& body) {
  return fmt::format("HTTP/1.1 {} x\r\nContent-Length: {}\r\n\r\n{}", status, body.size(), body);
}

/// "GET /path HTTP/1.1..."
std::string path_of(const std::string& head) {
  const std::size_t start = head.find(' ') + 1;
  return head.substr(start, head.find(' ', start) - start);
}

}  // namespace

Backend::Backend(std::string name, const std::string& address) : name_(std::move(name)) {
  sockaddr_in bound = socket_address(address);
  socklen_t length = sizeof bound;
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(listener_, reinterpret_cast<const sockaddr*>(&bound), sizeof bound) != 0 ||
      ::listen(listener_, 1'024) != 0 || ::getsockname(listener_, reinterpret_cast<sockaddr*>(&bound), &length) != 0) {
    throw std::system_error(errno, std::generic_category(), "backend on " + address);
  }
  address_ = fmt::format("{}:{}", address.substr(0, address.rfind(':')), ntohs(bound.sin_port));
  acceptor_ = std::thread([this] { accept_connections(); });
}

Backend::~Backend() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (const int fd : connections_) ::shutdown(fd, SHUT_RDWR);
  }
  released_.notify_all();
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  for (std::thread& thread : threads_) thread.join();
  ::close(listener_);
}

void Backend::hold() {
  const std::lock_guard lock(mutex_);
  held_ = true;
}

void Backend::release() {
  const std::lock_guard lock(mutex_);
  held_ = false;
  released_.notify_all();
}

void Backend::accept_connections() {
  for (int fd; (fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const std::lock_guard lock(mutex_);
    if (stopping_) {
      ::close(fd);
      return;
    }
    connections_.push_back(fd);
    threads_.emplace_back([this, fd] { serve(fd); });
  }
}

void Backend::answer(int status, std::uint64_t every) {
  const std::lock_guard lock(mutex_);
  status_ = status;
  every_ = every;
}

void Backend::take(std::chrono::milliseconds time) {
  const std::lock_guard lock(mutex_);
  time_ = time;
}

std::string Backend::answer_to(const std::string& path) {
  if (path == kHealthPath) {
    ++checks_;
    return message(check_status_, "");
  }
  std::unique_lock lock(mutex_);
  if (path == kMostInFlightPath) return message(200, std::to_string(std::exchange(most_in_flight_, in_flight_)));
  const bool bad = ++requests_ % every_ == 0;
  most_in_flight_ = std::max(most_in_flight_, ++in_flight_);
  if (time_.count() > 0) released_.wait_for(lock, time_, [this] { return stopping_; });
  released_.wait(lock, [this] { return !held_ || stopping_; });
  --in_flight_;
  return message(bad ? status_ : 200, name_);
}

void Backend::serve(int fd) {
  std::string received;
  char bytes[16 * 1024];
  for (ssize_t count; (count = ::recv(fd, bytes, sizeof bytes, 0)) > 0;) {
    received.append(bytes, static_cast<std::size_t>(count));
    for (std::size_t end; (end = received.find("\r\n\r\n")) != std::string::npos;) {
      const std::string answer = answer_to(path_of(received));
      received.erase(0, end + 4);
      ::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL);
    }
  }
  const std::lock_guard lock(mutex_);
  connections_.remove(fd);
  ::close(fd);
}

}  // namespace outrigger::integration
