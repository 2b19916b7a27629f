#include "http/head_writer.h"

#include <array>
#include <charconv>
#include <cstddef>

#include "http/syntax.h"
#include "result/result.h"

namespace outrigger::http {
namespace {

/// More than any head here has beside its start line's texts and its fields: every constant piece together.
constexpr std::size_t kConstantBytes = 512;

/// Appends to a string whose room is made once: a head is many short pieces.
class Appender {
 public:
  Appender(std::string& out, std::size_t at_most) : out_(out), size_(out.size()) { out_.resize(size_ + at_most); }
  ~Appender() { out_.resize(size_); }
  Appender(const Appender&) = delete;
  Appender& operator=(const Appender&) = delete;

  Appender& operator<<(std::string_view text) {
    std::char_traits<char>::copy(out_.data() + size_, text.data(), text.size());
    size_ += text.size();
    return *this;
  }
  Appender& operator<<(std::uint64_t number) {
    char* const at = out_.data() + size_;
    size_ += static_cast<std::size_t>(std::to_chars(at, at + kMaxDigits, number).ptr - at);
    return *this;
  }

 private:
  static constexpr std::size_t kMaxDigits = 20;
  std::string& out_;
  std::size_t size_;
};

std::size_t room_for(std::span<const Field> fields) {
  constexpr std::size_t kAroundField = std::string_view{": \r\n"}.size();
  std::size_t bytes = 0;
  for (const Field& field : fields) bytes += field.name.size() + field.value.size() + kAroundField;
  return bytes;
}

void write_framing(Framing framing, std::uint64_t content_length, Appender& to) {
  if (framing == Framing::length) to << "Content-Length: " << content_length << "\r\n";
  if (framing == Framing::chunked) to << "Transfer-Encoding: chunked\r\n";
}

void write_upgrade(std::string_view protocol, Appender& to) {
  if (!protocol.empty()) to << "Connection: Upgrade\r\nUpgrade: " << protocol << "\r\n";
}

/// RFC 9110 section 10.1.4.
void write_te(const RequestHead& head, Appender& to) {
  if (head.accepts_trailers) to << "Connection: TE\r\nTE: trailers\r\n";
}

void write_connection(bool http11, bool close, Appender& to) {
  if (close) {
    to << "Connection: close\r\n";
  } else if (!http11) {
    to << "Connection: keep-alive\r\n";
  }
}

void write_date(const ClientSide& client, Appender& to) {
  if (!client.date.empty()) to << "Date: " << client.date << "\r\n";
}

/// RFC 9110 section 6.6.2; of HTTP/1.1, only a chunked body has any.
bool has_trailers_to_come(const ResponseHead& head, const ClientSide& client) {
  return client.accepts_trailers && head.version == Version::http2 && find_field(head.fields, "Trailer") != nullptr;
}

/// What follows towards the client (RFC 9112 section 6.3).
Framing framing_to_client(const ResponseHead& head, const ClientSide& client) {
  if (client.to_head || head.status < 200 || head.status == 204 || head.status == 304) return Framing::none;
  // Over HTTP/2 a response may end with its head and tell no length.
  if (head.framing == Framing::none) return Framing::length;
  if (head.framing == Framing::length && !has_trailers_to_come(head, client)) return Framing::length;
  return client.http11 ? Framing::chunked : Framing::until_close;
}

}  // namespace

void write_request_head(const RequestHead& head, const Hop& hop, std::string& out) {
  CHECK(head.framing != Framing::until_close);
  const RequestFields fields{head, hop};
  Appender to{out, kConstantBytes + room_for(head.fields) + room_for(fields.added()) + head.method.size() +
                       head.target.size() + head.authority.size() + head.upgrade.size()};
  to << head.method << " " << head.target << " HTTP/1.1\r\nHost: " << head.authority << "\r\n";
  write_framing(tells_length(head) ? Framing::length : head.framing, head.content_length, to);
  write_upgrade(head.upgrade, to);
  write_te(head, to);
  fields.for_each([&](const Field& field) { to << field.name << ": " << field.value << "\r\n"; });
  to << "\r\n";
}

Framing write_response_head(const ResponseHead& head, const ClientSide& client, std::string& out) {
  const Framing framing = framing_to_client(head, client);
  Appender to{out, kConstantBytes + room_for(head.fields) + head.reason.size() + head.upgrade.size()};
  to << "HTTP/1.1 " << std::uint64_t{head.status} << " " << head.reason << "\r\n";
  bool needs_date = head.status >= 200;
  for_each_forwarded(head.fields, [&](const Field& field) {
    to << field.name << ": " << field.value << "\r\n";
    if (same_name(field.name, "Date")) needs_date = false;
  });
  if (needs_date) write_date(client, to);
  if (framing == Framing::none && tells_length(head)) {
    write_framing(Framing::length, head.content_length, to);
  } else {
    write_framing(framing, head.content_length, to);
  }
  write_upgrade(head.upgrade, to);
  const bool close = client.close || framing == Framing::until_close;
  if (head.status >= 200) write_connection(client.http11, close, to);
  to << "\r\n";
  return framing;
}

void write_local_response(std::uint16_t status, std::string_view proxy_error, std::string_view text,
                          const ClientSide& client, std::string& out) {
  CHECK(status >= 200 && status <= 599 && status != 204 && status != 304);
  CHECK(proxy_error.empty() || is_token(proxy_error));
  Appender to{out, kConstantBytes + proxy_error.size() + text.size()};
  to << "HTTP/1.1 " << std::uint64_t{status} << " " << reason_phrase(status)
     << "\r\nContent-Type: text/plain; charset=utf-8\r\n";
  write_date(client, to);
  if (!proxy_error.empty()) to << "Proxy-Status: outrigger; error=" << proxy_error << "\r\n";
  write_framing(Framing::length, text.size(), to);
  write_connection(client.http11, client.close, to);
  to << "\r\n";
  if (!client.to_head) to << text;
}

std::string proxy_status(std::string_view proxy_error) {
  return proxy_error.empty() ? std::string() : "outrigger; error=" + std::string(proxy_error);
}

std::string_view continue_response() { return "HTTP/1.1 100 Continue\r\n\r\n"; }

void write_chunk_start(std::size_t size, std::string& out) {
  CHECK(size > 0);
  std::array<char, 2 * sizeof size> digits{};
  const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), size, 16);
  out.append(digits.data(), written.ptr).append("\r\n");
}

void write_last_chunk(std::span<const Field> trailers, std::string& out) {
  out += "0\r\n";
  for (const Field& field : trailers) out.append(field.name).append(": ").append(field.value).append("\r\n");
  out += "\r\n";
}

}  // namespace outrigger::http
