/// Connections that stop being HTTP when both sides agree on it, as WebSocket's do.
#include <gtest/gtest.h>

#include <thread>

#include "messages.h"
#include "proxy.h"

namespace outrigger::sidecar::test {
namespace {

const std::string kAsk = get("/chat", "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n");
const std::string kAgree =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n";

class Upgrades : public ::testing::Test {
 protected:
  Upgrades() { proxy_.set_endpoints({upstream_.address()}); }

  void expect_over() {
    proxy_.eventually("the tunnel has ended", [&] { return proxy_.connections() == 0; });
    EXPECT_EQ(proxy_.in_flight(upstream_.address()), 0);
  }

  Listener upstream_;
  Proxy proxy_;
};

TEST_F(Upgrades, CarryBytesBothWays) {
  Socket client = proxy_.connect();
  client.send(kAsk);
  Socket endpoint = upstream_.accept();
  const Message request = endpoint.read_request();
  EXPECT_EQ(request.field("Connection"), "Upgrade");
  EXPECT_EQ(request.field("Upgrade"), "websocket");
  EXPECT_EQ(request.field("Sec-WebSocket-Version"), "13");
  endpoint.send(kAgree);
  const Message response = client.read_response();
  EXPECT_EQ(response.status, 101);
  EXPECT_EQ(response.field("Connection"), "Upgrade");
  EXPECT_EQ(response.field("Upgrade"), "websocket");
  EXPECT_EQ(response.field("Sec-WebSocket-Accept"), "x");
  for (int i = 0; i < 10; ++i) {
    const std::string ping = "GET / HTTP/1.1\r\n\r\n" + std::to_string(i);
    client.send(ping);
    EXPECT_EQ(endpoint.read_bytes(ping.size()), ping);
    endpoint.send(ping);
    EXPECT_EQ(client.read_bytes(ping.size()), ping);
  }
  EXPECT_EQ(proxy_.requests(101), 1u);
}

TEST_F(Upgrades, PassOnWhatEitherSideSendsEarly) {
  const std::string early = pattern(1 << 20);
  Socket client = proxy_.connect();
  std::thread sending([&] { client.send(kAsk + early); });
  Socket endpoint = upstream_.accept();
  endpoint.read_request();
  proxy_.sync();
  EXPECT_FALSE(endpoint.readable_within(std::chrono::milliseconds(50)));
  endpoint.send(kAgree + "first");
  EXPECT_TRUE(endpoint.read_bytes(early.size()) == early);
  sending.join();
  EXPECT_EQ(client.read_response().status, 101);
  EXPECT_EQ(client.read_bytes(5), "first");
}

TEST_F(Upgrades, LoseNoInterimAnswerThatCameBeforeTheAgreement) {
  Socket client = proxy_.connect();
  client.send(kAsk);
  Socket endpoint = upstream_.accept();
  endpoint.read_request();
  endpoint.send("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + kAgree + "first");
  EXPECT_EQ(client.read_response().status, 103);
  EXPECT_EQ(client.read_response().status, 101);
  EXPECT_EQ(client.read_bytes(5), "first");
}

TEST_F(Upgrades, PassAHalfCloseOn) {
  for (const bool by_the_client : {true, false}) {
    Socket client = proxy_.connect();
    client.send(kAsk);
    Socket endpoint = upstream_.accept();
    endpoint.read_request();
    endpoint.send(kAgree);
    EXPECT_EQ(client.read_response().status, 101);
    Socket& one = by_the_client ? client : endpoint;
    Socket& other = by_the_client ? endpoint : client;
    one.send("all");
    one.half_close();
    EXPECT_EQ(other.read_to_end(), "all");
    EXPECT_FALSE(other.was_reset());
    other.send("and still");
    EXPECT_EQ(one.read_bytes(9), "and still");
    EXPECT_EQ(proxy_.in_flight(upstream_.address()), 1);
    other.close();
    EXPECT_TRUE(one.at_end());
    EXPECT_FALSE(one.was_reset());
    expect_over();
  }
  EXPECT_EQ(proxy_.outcomes(upstream_.address(), Outcome::success), 2u);
}

TEST_F(Upgrades, AreAgreedOnWithAClientThatHasHalfClosed) {
  Socket client = proxy_.connect();
  client.send(kAsk + "all");
  client.half_close();
  Socket endpoint = upstream_.accept();
  endpoint.read_request();
  proxy_.sync();
  endpoint.send(kAgree);
  EXPECT_EQ(endpoint.read_to_end(), "all");
  endpoint.send("bye");
  endpoint.close();
  EXPECT_EQ(client.read_response().status, 101);
  EXPECT_EQ(client.read_to_end(), "bye");
  EXPECT_FALSE(client.was_reset());
  expect_over();
}

TEST_F(Upgrades, AreInFlightUntilTheTunnelEnds) {
  proxy_.options.max_in_flight = 1;
  proxy_.set_endpoints({upstream_.address()});
  Socket client = proxy_.connect();
  client.send(kAsk);
  Socket endpoint = upstream_.accept();
  endpoint.read_request();
  endpoint.send(kAgree);
  EXPECT_EQ(client.read_response().status, 101);
  EXPECT_EQ(proxy_.in_flight(upstream_.address()), 1);
  EXPECT_EQ(proxy_.all_outcomes(upstream_.address()), 0u);
  Socket waiting = proxy_.connect();
  waiting.send(get("/"));
  proxy_.sync();
  EXPECT_FALSE(upstream_.pending());
  client.close();
  EXPECT_TRUE(endpoint.at_end());
  endpoint.close();
  Socket next = upstream_.accept();
  next.read_request();
  next.send(ok("served"));
  EXPECT_EQ(waiting.read_response().body, "served");
  EXPECT_EQ(proxy_.outcomes(upstream_.address(), Outcome::success), 2u);
}

TEST_F(Upgrades, EndByAResetWhereOneSideDoes) {
  for (const bool by_the_client : {true, false}) {
    Socket client = proxy_.connect();
    client.send(kAsk);
    Socket endpoint = upstream_.accept();
    endpoint.read_request();
    endpoint.send(kAgree);
    EXPECT_EQ(client.read_response().status, 101);
    (by_the_client ? client : endpoint).reset();
    Socket& left = by_the_client ? endpoint : client;
    EXPECT_TRUE(left.at_end());
    EXPECT_TRUE(left.was_reset());
    expect_over();
  }
  EXPECT_EQ(proxy_.outcomes(upstream_.address(), Outcome::cancelled), 1u);
  EXPECT_EQ(proxy_.outcomes(upstream_.address(), Outcome::reset), 1u);
}

TEST_F(Upgrades, EndWhenNeitherSideSaysAnythingForTheIdleTimeout) {
  proxy_.options.idle_timeout = std::chrono::milliseconds(200);
  proxy_.set_endpoints({upstream_.address()});
  Socket client = proxy_.connect();
  client.send(kAsk);
  Socket endpoint = upstream_.accept();
  endpoint.read_request();
  endpoint.send(kAgree);
  EXPECT_EQ(client.read_response().status, 101);
  const auto since = net::Clock::now();
  while (net::Clock::now() - since < std::chrono::milliseconds(500)) {  // one side that speaks is enough
    endpoint.send("x");
    ASSERT_EQ(client.read_bytes(1), "x");
    EXPECT_FALSE(client.readable_within(std::chrono::milliseconds(10)));
  }
  EXPECT_TRUE(client.at_end());
  EXPECT_TRUE(endpoint.at_end());
  expect_over();
  EXPECT_EQ(proxy_.outcomes(upstream_.address(), Outcome::cancelled), 1u);
}

TEST_F(Upgrades, ThatAreRefusedStayHttp) {
  Socket client = proxy_.connect();
  client.send(kAsk);
  Socket endpoint = upstream_.accept();
  endpoint.read_request();
  endpoint.send(ok("no sockets here"));
  const Message plain = client.read_response();
  EXPECT_EQ(plain.body, "no sockets here");
  EXPECT_EQ(plain.field("Upgrade"), "");

  client.send(kAsk + get("/pipelined"));
  EXPECT_EQ(endpoint.read_request().target, "/chat");
  endpoint.send(
      "HTTP/1.1 426 Upgrade Required\r\nUpgrade: chat\r\nConnection: Upgrade\r\nContent-Length: 7\r\n\r\nanother");
  const Message required = client.read_response();
  EXPECT_EQ(required.status, 426);
  EXPECT_EQ(required.field("Upgrade"), "chat");
  EXPECT_EQ(required.body, "another");
  EXPECT_EQ(endpoint.read_request().target, "/pipelined");
  endpoint.send(ok("still HTTP"));
  EXPECT_EQ(client.read_response().body, "still HTTP");
  EXPECT_FALSE(upstream_.pending());
}

}  // namespace
}  // namespace outrigger::sidecar::test
