/// The two lines of what a worker may hold: above the first nothing is begun, above the second whoever holds more ends.
#include <gtest/gtest.h>

#include "messages.h"
#include "peer.h"
#include "proxy.h"

namespace outrigger::sidecar::test {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kLimit = 10'000;
constexpr std::size_t kMost = kLimit + kLimit / 4;
constexpr std::size_t kLots = 32 << 20;

class HeldBytes : public ::testing::Test {
 protected:
  HeldBytes() {
    proxy_.worker().configure({}, {.connections = 1'000, .buffered_bytes = kLimit});
    proxy_.set_endpoints({upstream_.address()});
  }

  /// A client whose request's head never becomes whole, so that so many bytes of it are held.
  Socket holding(std::size_t bytes) {
    const std::uint64_t before = proxy_.held();
    Socket client = proxy_.connect();
    const std::string start = "GET / HTTP/1.1\r\nX: ";
    client.send(start + std::string(bytes - start.size(), 'x'));
    proxy_.eventually("bytes to be held", [&] { return proxy_.held() == before + bytes; });
    return client;
  }
  /// A client whose request an endpoint has read: `endpoint_`.
  Socket asking(const std::string& request = get("/")) {
    Socket client = proxy_.connect();
    client.send(request);
    endpoint_ = upstream_.accept();
    EXPECT_NE(endpoint_->peek_head(), "");
    return client;
  }
  /// `client` has been answered with 503, and its endpoint, if it had one, left.
  void expect_ended(Socket& client, std::uint64_t times = 1) {
    const Message response = client.read_response();
    EXPECT_EQ(response.status, 503);
    EXPECT_EQ(response.field("Proxy-Status"), "outrigger; error=proxy_internal_response");
    expect_counted(times);
  }
  void expect_counted(std::uint64_t times) {
    EXPECT_EQ(proxy_.ended_for_room(), times);
    if (endpoint_) {
      endpoint_->read_to_end();
      EXPECT_TRUE(endpoint_->at_end());
    }
    EXPECT_EQ(proxy_.in_flight(upstream_.address()), 0);
    proxy_.eventually("room", [&] { return proxy_.held() <= kLimit; });
  }

  Listener upstream_;
  Proxy proxy_;
  std::optional<Socket> endpoint_;
};

TEST_F(HeldBytes, AboveTheLimitHaveNewRequestsRefused) {
  Socket one = holding(kLimit / 2);
  Socket two = holding(kLimit / 2);
  Socket client = asking();
  endpoint_->read_request();
  endpoint_->send(ok("served"));
  EXPECT_EQ(client.read_response().body, "served");
  Socket three = holding(1'000);
  client.send(get("/"));
  const Message refused = client.read_response();
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.field("Proxy-Status"), "outrigger; error=proxy_internal_response");
  EXPECT_EQ(refused.field("Connection"), "");
  EXPECT_EQ(proxy_.ended_for_room(), 0u);
  three.close();
  proxy_.eventually("room", [&] { return proxy_.held() == kLimit; });
  client.send(get("/again"));
  EXPECT_EQ(endpoint_->read_request().target, "/again");
  endpoint_->send(ok("served"));
  EXPECT_EQ(client.read_response().body, "served");
}

TEST_F(HeldBytes, OfHeadsThatAreNotWholeAreBounded) {
  Socket one = holding(kLimit);
  Socket client = proxy_.connect();
  client.send("GET / HTTP/1.1\r\nX: " + std::string(kLimit / 2, 'x'));
  expect_ended(client);
  EXPECT_TRUE(client.at_end());
  EXPECT_EQ(proxy_.held(), kLimit);
}

TEST_F(HeldBytes, OfAnswersThatAClientDoesNotTakeAreBounded) {
  Socket client = asking();
  endpoint_->send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kLots) + "\r\n\r\n");
  EXPECT_NE(client.peek_head(), "");
  Socket one = holding(kMost);
  endpoint_->send_until_stuck(pattern(kLots), milliseconds(50));
  one.close();
  expect_counted(1);
  const Message response = client.read_response();
  EXPECT_EQ(response.status, 200);
  EXPECT_FALSE(response.whole);
}

TEST_F(HeldBytes, OfRequestsThatAnEndpointDoesNotTakeAreBounded) {
  Socket client = asking("POST / HTTP/1.1\r\nHost: web\r\nContent-Length: " + std::to_string(kLots) + "\r\n\r\n");
  // More than is kept for another try, so that nothing is any more.
  client.send(pattern(100'000));
  endpoint_->read_bytes(endpoint_->peek_head().size() + 100'000);
  Socket one = holding(kMost);
  client.send_until_stuck(pattern(kLots), milliseconds(50));
  one.close();
  expect_ended(client);
}

TEST_F(HeldBytes, OfRequestsThatWaitForAPlaceAreBounded) {
  proxy_.options.max_in_flight = 1;
  proxy_.set_endpoints({upstream_.address()});
  Socket first = asking();
  Socket one = holding(kLimit - 1'000);
  Socket client = proxy_.connect();
  client.send(post("/", pattern(5'000)));
  EXPECT_EQ(client.read_response().status, 503);
  EXPECT_EQ(proxy_.ended_for_room(), 1u);
  endpoint_->read_request();
  endpoint_->send(ok("first"));
  EXPECT_EQ(first.read_response().body, "first");
}

TEST_F(HeldBytes, OfPipelinedRequestsAreBounded) {
  Socket client = asking();
  Socket one = holding(kLimit - 1'000);
  client.send(std::string(5'000, 'x'));
  expect_ended(client);
}

TEST_F(HeldBytes, OfTrailersThatAreNotWholeAreBounded) {
  Socket client = asking("POST / HTTP/1.1\r\nHost: web\r\nTransfer-Encoding: chunked\r\n\r\n");
  Socket one = holding(kLimit - 1'000);
  client.send("0\r\nX: " + std::string(5'000, 'x'));
  expect_ended(client);
}

TEST_F(HeldBytes, OfAnAnswersHeadAndTrailersThatAreNotWholeAreBounded) {
  for (const bool head : {true, false}) {
    Socket client = asking();
    Socket one = holding(kLimit - 1'000);
    const std::string start = "HTTP/1.1 200 OK\r\n";
    const std::string rest = "X: " + std::string(5'000, 'x');
    endpoint_->send(head ? start + rest : start + "Transfer-Encoding: chunked\r\n\r\n0\r\n" + rest);
    if (head) {
      expect_ended(client);
    } else {
      expect_counted(2);
    }
    one.close();
    proxy_.eventually("its end", [&] { return proxy_.held() == 0; });
  }
}

/// It is sent on, but what is not kept cannot be sent again.
TEST_F(HeldBytes, AboveTheLimitAreNotAddedToForAnotherTry) {
  proxy_.options.retry_on.service_unavailable = true;
  proxy_.set_endpoints({upstream_.address()});
  for (const bool above : {false, true}) {
    Socket client = asking("PUT / HTTP/1.1\r\nHost: web\r\nContent-Length: 2000\r\n\r\n");
    Socket one = holding(above ? kLimit : kLimit / 2);
    client.send(pattern(2'000));
    const Message request = endpoint_->read_request();
    EXPECT_TRUE(request.body == pattern(2'000));
    EXPECT_EQ(proxy_.held() > (above ? kLimit : kLimit / 2) + 2'000, !above);
    endpoint_->send("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbusy");
    if (!above) {
      Socket again = upstream_.accept();
      EXPECT_TRUE(again.read_request().body == pattern(2'000));
      again.send(ok("served", "Connection: close\r\n"));
    }
    EXPECT_EQ(client.read_response().status, above ? 503 : 200);
    EXPECT_FALSE(upstream_.pending());
    one.close();
    proxy_.eventually("its end", [&] { return proxy_.held() == 0; });
  }
  EXPECT_EQ(proxy_.ended_for_room(), 0u);
}

TEST_F(HeldBytes, OfConnectionsOfAnotherProtocolAreBounded) {
  const std::uint16_t port = proxy_.listen("tcp", kWeb, ListenerProtocol::tcp);
  Socket client = Socket::connect(port);
  client.send("hello");
  Socket endpoint = upstream_.accept();
  EXPECT_EQ(endpoint.read_bytes(5), "hello");
  Socket one = holding(kMost);
  // None is begun.
  Socket other(std::move(*net::start_connect(*net::SocketAddress::parse("127.0.0.1:" + std::to_string(port)))));
  EXPECT_TRUE(other.at_end());
  EXPECT_TRUE(other.was_reset());
  EXPECT_EQ(proxy_.ended_for_room(), 1u);
  EXPECT_FALSE(upstream_.pending());
  // Small pieces are copied, and go through no pipe.
  while (proxy_.ended_for_room() == 1) client.send(pattern(1'000));
  EXPECT_EQ(proxy_.in_flight(upstream_.address()), 0);
  endpoint.read_to_end();
  EXPECT_TRUE(endpoint.was_reset());
  EXPECT_EQ(proxy_.held(), kMost);
}

/// One of two streams on the same connections.
TEST_F(HeldBytes, OfHttp2StreamsAreBounded) {
  Stage stage;
  Endpoint& endpoint = stage.endpoint(Speaks::http2);
  proxy_.options.protocol = model::Protocol::http2;
  proxy_.set_endpoints({endpoint.address()});
  Client& client = stage.client(proxy_.listen("h2", kWeb, ListenerProtocol::http2), Speaks::http2);
  Talk& slow = client.send(request_to("GET", "/slow"));
  Talk& idle = client.send(request_to("GET", "/idle"));
  stage.until("both", [&] { return endpoint.talks.size() == 2; });
  slow.pause(true);
  Socket one = holding(kLimit - 1'000);
  endpoint.talks[0]->send(answer_with(200), pattern(1 << 20));
  stage.until("its end", [&] { return slow.over(); });
  EXPECT_EQ(slow.heard.closed, http::Http2Error::internal_error);
  stage.until("the endpoint is told", [&] { return endpoint.talks[0]->heard.closed.has_value(); });
  EXPECT_EQ(proxy_.ended_for_room(), 1u);
  one.close();
  endpoint.talks[1]->send(answer_with(200), "served");
  stage.until("the other answer", [&] { return idle.over(); });
  EXPECT_EQ(idle.heard.body, "served");
  EXPECT_EQ(proxy_.held(), 0u);
}

}  // namespace
}  // namespace outrigger::sidecar::test
