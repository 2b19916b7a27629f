#include "integration/http_connection.h"

#include <fmt/format.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "integration/eventually.h"
#include "integration/socket_address.h"

namespace outrigger::integration {
namespace {

bool starts_with_field(const std::string& line, std::string_view field) {
  return ::strncasecmp(line.c_str(), field.data(), field.size()) == 0;
}

tl::unexpected<Error> system_failure(std::string_view what) {
  return failure(fmt::format("{}: {}", what, std::strerror(errno)));
}

}  // namespace

std::string HttpAnswer::field(std::string_view name) const {
  const std::string start = fmt::format("\r\n{}: ", name);
  const std::string lines = "\r\n" + head;
  std::size_t at = lines.find(start);
  if (at == std::string::npos) return {};
  at += start.size();
  return lines.substr(at, lines.find("\r\n", at) - at);
}

void HttpConnection::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  received_.clear();
}

Result<HttpAnswer> HttpConnection::exchange(std::string_view method, std::string_view path, std::string_view fields,
                                            std::string_view body) {
  auto answer = try_exchange(method, path, fields, body);
  if (!answer) close();
  return answer;
}

Result<HttpAnswer> HttpConnection::try_exchange(std::string_view method, std::string_view path, std::string_view fields,
                                                std::string_view body) {
  if (fd_ < 0) {
    if (auto connected = connect(); !connected) return tl::unexpected(connected.error());
  }
  std::string request = fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\n{}", method, path, address_, fields);
  if (!body.empty()) request += fmt::format("Content-Type: application/json\r\nContent-Length: {}\r\n", body.size());
  request += "\r\n";
  request += body;
  if (::send(fd_, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size())) {
    return system_failure("send");
  }

  HttpAnswer answer;
  std::size_t length = 0;
  bool chunked = false;
  bool close_after = false;
  bool any_framing = false;
  auto line = read_line();
  if (!line) return tl::unexpected(line.error());
  if (!line->starts_with("HTTP/1.1 ") || line->size() < 12) return failure("not an HTTP/1.1 answer: " + *line);
  answer.status = std::stoi(line->substr(9, 3));
  for (;;) {
    line = read_line();
    if (!line) return tl::unexpected(line.error());
    if (line->empty()) break;
    answer.head += *line + "\r\n";
    if (starts_with_field(*line, "content-length:")) {
      length = std::stoul(line->substr(15));
      any_framing = true;
    }
    if (starts_with_field(*line, "transfer-encoding: chunked")) chunked = any_framing = true;
    if (starts_with_field(*line, "connection: close")) close_after = true;
  }
  if (!any_framing) return failure("an answer without framing");

  do {
    if (chunked) {
      line = read_line();
      if (!line) return tl::unexpected(line.error());
      length = std::stoul(*line, nullptr, 16);
    }
    auto piece = read_bytes(length);
    if (!piece) return tl::unexpected(piece.error());
    answer.body += *piece;
    if (chunked) {
      if (line = read_line(); !line) return tl::unexpected(line.error());
    }
  } while (chunked && length > 0);
  if (close_after) close();
  return answer;
}

Result<void> HttpConnection::connect() {
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return system_failure("socket");
  const timeval deadline{.tv_sec = kDeadline.count(), .tv_usec = 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof deadline);
  if (!source_.empty()) {
    const sockaddr_in source = socket_address(source_ + ":0");
    if (::bind(fd_, reinterpret_cast<const sockaddr*>(&source), sizeof source) != 0) return system_failure("bind");
  }
  const sockaddr_in address = socket_address(address_);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return system_failure("connect to " + address_);
  }
  return {};
}

Result<void> HttpConnection::receive() {
  char bytes[16 * 1024];
  const ssize_t count = ::recv(fd_, bytes, sizeof bytes, 0);
  if (count < 0) return system_failure("receive");
  if (count == 0) return failure(received_.empty() ? "closed instead of an answer" : "closed within an answer");
  received_.append(bytes, static_cast<std::size_t>(count));
  return {};
}

Result<std::string> HttpConnection::read_line() {
  std::size_t end = 0;
  while ((end = received_.find("\r\n")) == std::string::npos) {
    if (auto more = receive(); !more) return tl::unexpected(more.error());
  }
  std::string line = received_.substr(0, end);
  received_.erase(0, end + 2);
  return line;
}

Result<std::string> HttpConnection::read_bytes(std::size_t count) {
  while (received_.size() < count) {
    if (auto more = receive(); !more) return tl::unexpected(more.error());
  }
  std::string bytes = received_.substr(0, count);
  received_.erase(0, count);
  return bytes;
}

std::string http_get(const std::string& address, std::string_view path) {
  auto answer = HttpConnection(address).get(path);
  if (!answer) throw std::runtime_error(fmt::format("{}{}: {}", address, path, answer.error().text));
  if (answer->status != 200) throw std::runtime_error(fmt::format("{}{}: {}", address, path, answer->status));
  return answer->body;
}

}  // namespace outrigger::integration
