#include "net/served_exchange.h"

#include <array>
#include <ctime>

#include "http/head_writer.h"
#include "net/http_connection.h"

namespace outrigger::net {
namespace {

/// Now, as RFC 9110 section 5.6.7 writes it.
std::string http_date() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc)};
}

}  // namespace

ServedExchange::ServedExchange(HttpConnection& connection, const http::RequestHead& head)
    : connection_(&connection),
      method_(head.method),
      target_(head.target),
      path_size_(std::min(target_.find('?'), target_.size())),
      http11_(head.version == http::Version::http11) {
  if (const http::Field* const field = http::find_field(head.fields, "Authorization")) authorization_ = field->value;
}

HttpConnection& ServedExchange::connection() const {
  CHECK(connection_ != nullptr);
  return *connection_;
}

std::string_view ServedExchange::query() const {
  const auto rest = std::string_view(target_).substr(path_size_);
  return rest.empty() ? rest : rest.substr(1);
}

const SocketAddress& ServedExchange::peer() const { return connection().peer_; }
std::optional<PeerCertificate> ServedExchange::certificate() const { return connection().stream_->peer_certificate(); }
std::size_t ServedExchange::unsent() const { return connection().stream_->unsent(); }
std::uint64_t ServedExchange::sent() const { return connection().stream_->sent(); }

void ServedExchange::write_head(std::uint16_t status, std::string_view content_type, http::Framing framing,
                                std::size_t size, std::chrono::seconds retry_after, std::string& out) const {
  const std::string date = http_date();
  const std::string length = std::to_string(size);
  const std::string wait = std::to_string(retry_after.count());
  http::ResponseHead head;
  head.status = status;
  head.reason = http::reason_phrase(status);
  head.framing = framing;
  head.content_length = size;
  head.fields = {{"Date", date}, {"Content-Type", content_type}};
  // The writer frames by the head; the field is what it tells HEAD, which has no framing.
  if (framing == http::Framing::length) head.fields.push_back({"Content-Length", length});
  if (retry_after.count() > 0) head.fields.push_back({"Retry-After", wait});
  http::write_response_head(
      head, {.http11 = http11_, .close = connection().decide_close(), .to_head = method_ == "HEAD"}, out);
}

void ServedExchange::write_answer(std::uint16_t status, std::string_view content_type, std::string_view body,
                                  std::chrono::seconds retry_after) {
  std::string out;
  write_head(status, content_type, http::Framing::length, body.size(), retry_after, out);
  if (method_ != "HEAD") out += body;
  connection().write(std::move(out));
}

void ServedExchange::respond(std::uint16_t status, std::string_view content_type, std::string_view body,
                             std::chrono::seconds retry_after) {
  CHECK(answer_ == Answer::none);
  CHECK(status >= 200 && status != 204 && status != 304);
  write_answer(status, content_type, body, retry_after);
  answer_ = Answer::complete;
  connection().soon_.schedule();
}

void ServedExchange::start_stream(std::string_view content_type) {
  CHECK(answer_ == Answer::none);
  if (!http11_) {
    connection().keep_alive_ = false;
    write_answer(505, "text/plain; charset=utf-8", "a stream needs HTTP/1.1\n");
    answer_ = Answer::dropping;
    connection().finish();
    return connection().soon_.schedule();
  }
  if (on_body) connection().say_continue();
  std::string out;
  write_head(200, content_type, http::Framing::chunked, 0, {}, out);
  connection().write(std::move(out));
  answer_ = method_ == "HEAD" ? Answer::dropping : Answer::streaming;
  connection().soon_.schedule();
}

void ServedExchange::send(std::shared_ptr<const std::string> chunk) {
  CHECK(answer_ == Answer::streaming || answer_ == Answer::dropping);
  if (answer_ == Answer::streaming) connection().write(std::move(chunk));
}

void ServedExchange::end_stream() {
  CHECK(answer_ == Answer::streaming || answer_ == Answer::dropping);
  if (answer_ == Answer::streaming) connection().write(std::string(http::kLastChunk));
  answer_ = Answer::complete;
  connection().soon_.schedule();
}

void ServedExchange::tell_body_end() {
  if (std::exchange(body_end_told_, true) || !on_body_end) return;
  on_body_end();
}

void ServedExchange::end() {
  if (on_end) on_end();
  // Now, not with the memory: what they own may wait for it.
  on_body = nullptr;
  on_body_end = on_drained = on_end = nullptr;
  connection_ = nullptr;
}

}  // namespace outrigger::net
