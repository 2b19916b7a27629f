#pragma once
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "fakes/run_until.h"
#include "net/stream.h"

namespace outrigger::op {

/// One request over TLS and its whole answer, read until the server closes. Runs the server's loop meanwhile.
class HttpTalk {
 public:
  HttpTalk(net::EventLoop& loop, const net::SocketAddress& server, const net::SslContext& context,
           const std::string& request)
      : stream_(*net::Stream::connect(loop, server, context, "localhost",
                                      {.on_open = {},
                                       .on_bytes = [this](std::string_view bytes) { answer.append(bytes); },
                                       .on_drained = {},
                                       .on_end =
                                           [this](const std::string& why) {
                                             ended = true;
                                             reason = why;
                                           }})) {
    stream_->write(request);
  }

  std::string body() const {
    const std::size_t end = answer.find("\r\n\r\n");
    return end == std::string::npos ? "" : answer.substr(end + 4);
  }

  std::string answer;
  std::string reason;
  bool ended = false;

 private:
  std::unique_ptr<net::Stream> stream_;
};

/// POST of `body`, with a token unless it is empty; the connection ends after it.
inline std::string post(const std::string& path, const std::string& token, const std::string& body) {
  return "POST " + path + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" +
         (token.empty() ? "" : "Authorization: Bearer " + token + "\r\n") +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace outrigger::op
