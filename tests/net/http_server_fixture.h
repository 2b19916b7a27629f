#pragma once
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "fakes/run_until.h"
#include "net/http_server.h"
#include "net/raw_client.h"
#include "net/socket.h"

namespace outrigger::net {

/// A server on a port of its own, and what its tests say often.
class HttpServerTest : public testing::Test {
 protected:
  static constexpr const char* kText = "text/plain";

  void start(HttpServer::Handler handler, const HttpServerLimits& limits = {}, const SslContext& context = nullptr) {
    auto listener = listen_on(*SocketAddress::parse("127.0.0.1:0"), false);
    CHECK(listener);
    server_ = std::make_unique<HttpServer>(loop_, std::move(*listener), context, std::move(handler), limits);
  }
  /// Answers each request with its path.
  void start_echo(const HttpServerLimits& limits = {}) {
    start([](HttpExchange& exchange) { exchange.respond(200, kText, exchange.path()); }, limits);
  }

  RawClient client() { return RawClient(server_->address()); }
  void until(const std::function<bool()>& done) { EXPECT_TRUE(fakes::run_until(loop_, done)); }
  /// The whole conversation of a client that sends this and waits for the end.
  std::string conversation(std::string_view request) {
    RawClient one = client();
    one.send(request);
    until([&] { return one.closed(); });
    return without_date(one.received());
  }

  static std::string get(const std::string& path) { return "GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n"; }
  static std::string answer(const std::string& body, const std::string& fields = "") {
    return "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
           fields + "\r\n" + body;
  }
  static std::string without_date(std::string text) {
    for (std::size_t at = 0; (at = text.find("Date: ", at)) != std::string::npos;) {
      text.erase(at, text.find("\r\n", at) + 2 - at);
    }
    return text;
  }
  static std::size_t count(const std::string& text, const std::string& part) {
    std::size_t found = 0;
    for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) ++found;
    return found;
  }

  EventLoop loop_;
  std::unique_ptr<HttpServer> server_;
};

}  // namespace outrigger::net
