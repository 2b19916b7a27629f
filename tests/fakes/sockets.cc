#include "fakes/sockets.h"

#include <array>
#include <cerrno>
#include <cstring>

#include "http/body_reader.h"
#include "http/head_parser.h"
#include "result/result.h"

namespace outrigger::fakes {
namespace {

constexpr int kDeadline_ms = 20'000;
/// More than the proxy forwards.
constexpr http::HeadLimits kLimits{.max_head_bytes = 2 << 20, .max_target_bytes = 1 << 20, .max_fields = 8'192};

void await(int fd, short events, const char* what) {
  pollfd waiting{.fd = fd, .events = events, .revents = 0};
  for (;;) {
    const int ready = ::poll(&waiting, 1, kDeadline_ms);
    if (ready > 0) return;
    if (ready == 0) give_up(what);
    if (errno != EINTR) give_up(std::strerror(errno));
  }
}

bool is_ready(int fd, short events, int timeout_ms) {
  pollfd waiting{.fd = fd, .events = events, .revents = 0};
  return ::poll(&waiting, 1, timeout_ms) > 0;
}

}  // namespace

void give_up(const std::string& what) {
  std::cerr << "gave up: " << what << std::endl;
  std::abort();
}

std::string Message::field(std::string_view name) const {
  std::size_t line = head.find("\r\n");
  while (line != std::string::npos && line + 2 < head.size()) {
    const std::size_t start = line + 2;
    line = head.find("\r\n", start);
    const std::size_t colon = head.find(": ", start);
    if (colon == std::string::npos || colon > line) continue;
    if (http::same_name(std::string_view(head).substr(start, colon - start), name)) {
      return head.substr(colon + 2, line - colon - 2);
    }
  }
  return {};
}

Socket Socket::connect(std::uint16_t port, int receive_buffer_bytes) {
  net::FileDescriptor fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (receive_buffer_bytes > 0) {
    ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof(receive_buffer_bytes));
  }
  const auto address = net::SocketAddress::parse("127.0.0.1:" + std::to_string(port));
  if (::connect(fd.get(), address->get(), address->length) != 0 && errno != EINPROGRESS) give_up(std::strerror(errno));
  await(fd.get(), POLLOUT, "connect");
  if (const int error = net::connect_error(fd.get()); error != 0) give_up(std::strerror(error));
  return Socket(std::move(fd));
}

void Socket::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      await(fd_.get(), POLLOUT, "to send");
    } else {
      return;  // the other side is gone: what it did before tells
    }
  }
}

void Socket::trickle(std::string_view bytes) {
  for (const char& byte : bytes) send({&byte, 1});
}

std::size_t Socket::send_until_stuck(std::string_view bytes, std::chrono::milliseconds quiet) {
  std::size_t total = 0;
  while (total < bytes.size()) {
    const ssize_t sent = ::send(fd_.get(), bytes.data() + total, bytes.size() - total, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      total += static_cast<std::size_t>(sent);
    } else if (errno != EAGAIN || !is_ready(fd_.get(), POLLOUT, static_cast<int>(quiet.count()))) {
      break;
    }
  }
  return total;
}

bool Socket::receive() {
  if (ended_) return false;
  std::array<char, 64 * 1024> buffer;
  for (;;) {
    const ssize_t received = ::recv(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (received > 0) {
      received_.append(buffer.data(), static_cast<std::size_t>(received));
      return true;
    }
    if (received < 0 && errno == EAGAIN) {
      await(fd_.get(), POLLIN, ("bytes; have: " + received_.substr(0, 500)).c_str());
      continue;
    }
    ended_ = true;
    reset_ = received < 0;
    return false;
  }
}

template <class Parse, class Head>
Message Socket::read_message(const Parse& parse, Head& head) {
  Message message;
  http::ParseResult parsed;
  while ((parsed = parse(received_)).state == http::ParseState::more) {
    if (!receive()) {
      message.head = std::exchange(received_, {});
      message.reset = reset_;
      return message;
    }
  }
  if (parsed.state == http::ParseState::bad) give_up(std::string("not HTTP: ") + parsed.problem + "\n" + received_);
  message.head = received_.substr(0, parsed.head_bytes);
  message.framing = head.framing;
  if constexpr (std::is_same_v<Head, http::RequestHead>) {
    message.method = head.method;
    message.target = head.target;
  } else {
    message.status = head.status;
  }
  http::BodyReader reader(head.framing, head.content_length);
  received_.erase(0, parsed.head_bytes);
  for (;;) {
    std::string_view left = received_;
    while (!left.empty() && !reader.done()) {
      const auto step = reader.read(left);
      if (step.problem != nullptr) give_up(std::string("broken framing: ") + step.problem);
      message.body.append(step.data);
      left.remove_prefix(step.consumed);
    }
    received_.erase(0, received_.size() - left.size());
    if (reader.done()) break;
    if (!receive()) {
      message.reset = reset_;
      message.whole = reader.until_close() && !reset_;
      return message;
    }
  }
  message.whole = true;
  return message;
}

Message Socket::read_request() {
  http::HeadParser parser(kLimits);
  http::RequestHead head;
  return read_message([&](std::string_view bytes) { return parser.request(bytes, head); }, head);
}

Message Socket::read_response(bool to_head) {
  http::HeadParser parser(kLimits);
  http::ResponseHead head;
  return read_message([&](std::string_view bytes) { return parser.response(bytes, to_head, head); }, head);
}

std::string Socket::peek_head() {
  constexpr std::string_view kEnd = "\r\n\r\n";
  while (received_.find(kEnd) == std::string::npos) {
    if (!receive()) return {};
  }
  return received_.substr(0, received_.find(kEnd) + kEnd.size());
}

std::string Socket::read_to_end() {
  while (receive()) {
  }
  return std::exchange(received_, {});
}

std::string Socket::read_bytes(std::size_t size) {
  while (received_.size() < size && receive()) {
  }
  std::string bytes = received_.substr(0, size);
  received_.erase(0, bytes.size());
  return bytes;
}

void Socket::discard() {
  while (readable_within({}) && receive()) received_.clear();
}

bool Socket::at_end() { return received_.empty() && !receive(); }

bool Socket::readable_within(std::chrono::milliseconds time) const {
  return !received_.empty() || is_ready(fd_.get(), POLLIN, static_cast<int>(time.count()));
}

void Socket::reset() {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  fd_.reset();
}

Listener::Listener() {
  auto fd = net::listen_on(*net::SocketAddress::parse("127.0.0.1:0"), /*reuse_port=*/false);
  if (!fd) give_up(fd.error().text);
  fd_ = std::move(*fd);
  port_ = net::local_address(fd_.get())->port();
}

Socket Listener::accept() {
  await(fd_.get(), POLLIN, "a connection");
  return Socket(net::accept_on(fd_.get()));
}

bool Listener::pending_within(std::chrono::milliseconds time) const {
  return is_ready(fd_.get(), POLLIN, static_cast<int>(time.count()));
}

HangingAddress::HangingAddress() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const auto any = *net::SocketAddress::parse("127.0.0.1:0");
  if (::bind(listener_.get(), any.get(), any.length) != 0 || ::listen(listener_.get(), 0) != 0) give_up("bind");
  const auto address = *net::local_address(listener_.get());
  address_ = address.text();
  // With the queue full the kernel drops what asks to connect.
  for (int i = 0; i < 2; ++i) {
    queued_.push_back(std::move(*net::start_connect(address)));
  }
  net::FileDescriptor probe = std::move(*net::start_connect(address));
  if (is_ready(probe.get(), POLLOUT, 50)) give_up("the queue of a listener is not full");
}

}  // namespace outrigger::fakes
