#include <fmt/format.h>

#include "http/body_reader.h"
#include "http/head_parser.h"
#include "http/head_writer.h"
#include "result/result.h"
#include "soak/endpoint.h"
#include "soak/script.h"

namespace outrigger::soak {
namespace {

class Echo final : public Protocol {
 public:
  explicit Echo(Wire& wire) : wire_(wire) {}
  void on_bytes(std::string_view bytes) override { wire_.write(std::string(bytes)); }

 private:
  Wire& wire_;
};

std::string chunks(std::string_view body) {
  constexpr std::size_t kChunk = 3'000;
  std::string out;
  for (; !body.empty(); body.remove_prefix(std::min(body.size(), kChunk))) {
    const std::string_view piece = body.substr(0, kChunk);
    http::write_chunk_start(piece.size(), out);
    out.append(piece).append(http::kChunkEnd);
  }
  return out;
}

class Http1 final : public Protocol {
 public:
  explicit Http1(Wire& wire) : wire_(wire) {}

  void on_bytes(std::string_view bytes) override {
    if (upgraded_) return wire_.write(std::string(bytes));
    received_.append(bytes);
    while (!upgraded_ && !received_.empty() && step()) {
    }
  }

 private:
  /// Whether more may be done with what has been received.
  bool step() {
    if (!in_request_) {
      http::RequestHead head;
      const auto parsed = parser_.request(received_, head);
      if (parsed.state == http::ParseState::more) return false;
      CHECK(parsed.state == http::ParseState::complete);  // the sidecar has written it
      const auto script = script_of(head.target);
      CHECK(script.has_value());
      script_ = *script;
      to_head_ = head.method == "HEAD";
      upgrade_ = head.upgrade;
      body_ = http::BodyReader(head);
      digest_ = {};
      in_request_ = true;
      received_.erase(0, parsed.head_bytes);
    }
    while (!received_.empty() && !body_.done()) {
      const auto read = body_.read(received_);
      CHECK(read.problem == nullptr);
      digest_.add(read.data);
      received_.erase(0, read.consumed);
    }
    if (!body_.done()) return false;
    in_request_ = false;
    if (!upgrade_.empty()) {
      upgraded_ = true;
      wire_.write(
          fmt::format("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: {}\r\n\r\n", upgrade_));
      if (!received_.empty()) wire_.write(received_);
      return false;
    }
    answer();
    return true;
  }

  void answer() {
    const std::string start = fmt::format("HTTP/1.1 200 OK\r\n{}: {}\r\n", kBodyField, digest_.text());
    const std::string with_length = fmt::format("{}Content-Length: {}\r\n\r\n", start, script_.size);
    const std::string with_chunks = start + "Transfer-Encoding: chunked\r\n\r\n";
    const std::string body = to_head_ ? "" : content(script_.size);
    switch (script_.behaviour) {
      case Behaviour::whole:
      case Behaviour::go_away:
      case Behaviour::echo: return wire_.write(with_length + body);
      case Behaviour::chunked: return wire_.write(with_chunks + (to_head_ ? "" : chunks(body) + "0\r\n\r\n"));
      case Behaviour::until_close: wire_.write(start + "Connection: close\r\n\r\n" + body); return wire_.finish();
      case Behaviour::unavailable: return wire_.write("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
      case Behaviour::slow: wire_.write(with_length); return trickle(0);
      case Behaviour::refuse:
      case Behaviour::reset_before: return wire_.reset();
      case Behaviour::reset_mid_head: wire_.write(start); return wire_.reset();
      case Behaviour::reset_mid_body: wire_.write(with_length + body.substr(0, body.size() / 2)); return wire_.reset();
      case Behaviour::close_mid_body: wire_.write(with_chunks + chunks(body)); return wire_.finish();
      case Behaviour::garbage: wire_.write("\x16\x03 this is no HTTP\r\n\r\n"); return;
      case Behaviour::never: return;
    }
  }

  void trickle(std::size_t sent) {
    wire_.write(content(script_.size).substr(sent, 1));
    if (sent + 1 >= script_.size) return;  // the next request may come at once
    wire_.later(std::chrono::milliseconds(script_.pause_ms), [this, sent] { trickle(sent + 1); });
  }

  Wire& wire_;
  http::HeadParser parser_;
  http::BodyReader body_;
  std::string received_;
  std::string upgrade_;
  Script script_;
  Digest digest_;
  bool to_head_ = false;
  bool in_request_ = false;
  bool upgraded_ = false;
};

}  // namespace

std::unique_ptr<Protocol> make_echo(Wire& wire) { return std::make_unique<Echo>(wire); }
std::unique_ptr<Protocol> make_http1(Wire& wire) { return std::make_unique<Http1>(wire); }

}  // namespace outrigger::soak
