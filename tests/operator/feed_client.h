#pragma once
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

#include "http/body_reader.h"
#include "lines/line_splitter.h"
#include "net/stream.h"
#include "operator/feed_reader.h"

namespace outrigger::op {

/// A sidecar's side of the feed, as bytes: what it gets is read by a FeedReader. Lives in the server's loop.
class FeedClient {
 public:
  FeedClient(net::EventLoop& loop, const net::SocketAddress& server, const net::SslContext& context)
      : stream_(*net::Stream::connect(loop, server, context, "localhost",
                                      {.on_open = {},
                                       .on_bytes = [this](std::string_view bytes) { take(bytes); },
                                       .on_drained = {},
                                       .on_end =
                                           [this](const std::string& why) {
                                             ended = true;
                                             reason = why;
                                           }})) {}

  void send(std::string bytes) { stream_->write(std::move(bytes)); }
  /// The head of a request whose body comes in chunks.
  void begin(const std::string& line = "POST /v1/feed") {
    send(line + " HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
  }
  void say(const std::string& text) { stream_->write(net_chunk(text)); }
  void pause(bool paused) { stream_->pause_reading(paused); }

  FeedReader reader;
  std::string head;           ///< of the answer
  bool answer_ended = false;  ///< its last chunk has come
  bool ended = false;
  std::string reason;

 private:
  static std::string net_chunk(const std::string& text) {
    char size[20];
    std::snprintf(size, sizeof(size), "%zx\r\n", text.size());
    return size + text + "\r\n";
  }

  void take(std::string_view bytes) {
    bytes_ += bytes;
    if (head.empty()) {
      const std::size_t end = bytes_.find("\r\n\r\n");
      if (end == std::string::npos) return;
      head = bytes_.substr(0, end);
      bytes_.erase(0, end + 4);
      if (head.find("chunked") == std::string::npos) return;
      body_ = http::BodyReader(http::Framing::chunked, 0);
    }
    std::string_view rest = bytes_;
    while (!rest.empty() && !body_.done()) {
      const auto step = body_.read(rest);
      ASSERT_EQ(step.problem, nullptr);
      rest.remove_prefix(step.consumed);
      const auto done = lines_.feed(step.data, [this](std::string_view line) -> Result<void> {
        reader.read(line);
        return {};
      });
      ASSERT_TRUE(done);
    }
    answer_ended = body_.done();
    bytes_.erase(0, bytes_.size() - rest.size());
  }

  std::string bytes_;
  http::BodyReader body_;
  LineSplitter lines_{feed::kMaxLineToSidecar};
  std::unique_ptr<net::Stream> stream_;
};

}  // namespace outrigger::op
