/// What is refused before it gets to an endpoint, and how connections end.
#include <gtest/gtest.h>

#include <future>

#include "messages.h"
#include "proxy.h"

namespace outrigger::sidecar::test {
namespace {

class Refusals : public ::testing::Test {
 protected:
  Refusals() { proxy_.set_endpoints({upstream_.address()}); }

  Listener upstream_;
  Proxy proxy_;
};

TEST_F(Refusals, BadRequestsGetAReadableAnswerAndNeverReachAnEndpoint) {
  struct Example {
    std::uint16_t status;
    std::string bytes;
  };
  const std::string host = "Host: web\r\n";
  const std::vector<Example> examples = {
      {400, "GET /\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\n" + host + host + "\r\n"},
      {400, "POST / HTTP/1.1\r\n" + host + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {400, "POST / HTTP/1.1\r\n" + host + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"},
      {400, "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"},
      {400, "POST / HTTP/1.1\r\n" + host + "Content-Length: -1\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\n" + host + "X: a\r\n b\r\n\r\n"},
      {400, "GET / HTTP/1.1\n" + host + "\n"},
      {400, std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11) + "\r\n\r\n"},
      {431, "GET / HTTP/1.1\r\n" + host + "X: " + std::string(70'000, 'x') + "\r\n\r\n"},
      {414, "GET /" + std::string(20'000, 'x') + " HTTP/1.1\r\n" + host + "\r\n"},
      {501, "CONNECT web:80 HTTP/1.1\r\n" + host + "\r\n"},
      {505, "GET / HTTP/2.0\r\n" + host + "\r\n"},
  };
  for (const Example& example : examples) {
    Socket client = proxy_.connect();
    client.send(example.bytes);
    const Message response = client.read_response();
    EXPECT_EQ(response.status, example.status) << example.bytes.substr(0, 100);
    EXPECT_EQ(response.field("Connection"), "close");
    EXPECT_TRUE(response.whole);
    EXPECT_TRUE(client.at_end());
    EXPECT_FALSE(client.was_reset()) << example.bytes.substr(0, 100);
  }
  EXPECT_EQ(proxy_.requests(400), 10u);
  EXPECT_EQ(proxy_.requests(431), 1u);
  EXPECT_FALSE(upstream_.pending());
}

TEST_F(Refusals, ABadHeadRequestGetsNoContent) {
  const std::string host = " HTTP/1.1\r\nHost: web\r\n";
  const std::vector<std::string> requests = {
      "HEAD /" + host + "X : y\r\n\r\n",
      "\r\nHEAD /" + host + host + "\r\n",
      "HEAD /" + std::string(20'000, 'x') + host + "\r\n",
      "HEAD /" + host + "X: " + std::string(70'000, 'x') + "\r\n\r\n",
      "HEAD /" + host + "Transfer-Encoding: chunked\r\n\r\nno size\r\n",
  };
  for (const std::string& request : requests) {
    Socket client = proxy_.connect();
    client.send(request);
    EXPECT_GE(client.read_response(/*to_head=*/true).status, 400) << request.substr(0, 100);
    EXPECT_TRUE(client.at_end()) << request.substr(0, 100);
  }
  EXPECT_FALSE(upstream_.pending());
}

TEST_F(Refusals, AnAnswerIsNotLostToARequestThatGoesOn) {
  Socket client = proxy_.connect();
  client.send("POST / HTTP/1.1\r\nHost: web\r\nContent-Length: 1x\r\n\r\n");
  for (int i = 0; i < 64; ++i) client.send(std::string(64 << 10, 'x'));
  client.half_close();
  proxy_.sync();
  const Message response = client.read_response();
  EXPECT_EQ(response.status, 400);
  EXPECT_TRUE(client.at_end());
  EXPECT_FALSE(client.was_reset());
}

TEST_F(Refusals, BrokenChunksEndTheRequest) {
  for (const bool at_once : {true, false}) {
    Socket client = proxy_.connect();
    const std::string head = "POST / HTTP/1.1\r\nHost: web\r\nTransfer-Encoding: chunked\r\n\r\n";
    const std::string broken = "5\r\nhello\r\nnot a size\r\n";
    if (at_once) {
      client.send(head + broken);
    } else {
      client.send(head);
      Socket endpoint = upstream_.accept();
      client.send(broken);
      const std::string seen = endpoint.read_to_end();
      EXPECT_EQ(seen.find("0\r\n\r\n"), std::string::npos);
    }
    EXPECT_EQ(client.read_response().status, 400);
    EXPECT_TRUE(client.at_end());
  }
  EXPECT_FALSE(upstream_.pending());
  EXPECT_EQ(proxy_.in_flight(upstream_.address()), 0);
}

TEST_F(Refusals, ARequestBehindABadOneIsNotServed) {
  Socket client = proxy_.connect();
  client.send("GET / HTTP/1.1\r\n\r\n" + get("/smuggled"));
  EXPECT_EQ(client.read_response().status, 400);
  EXPECT_TRUE(client.at_end());
  EXPECT_FALSE(upstream_.pending());
}

TEST_F(Refusals, ABadRequestBehindAGoodOneIsAnsweredInItsTurn) {
  Socket client = proxy_.connect();
  client.send(get("/good") + "GET bad HTTP/1.1\r\n\r\n");
  Socket endpoint = upstream_.accept();
  endpoint.read_request();
  endpoint.send(ok("good"));
  EXPECT_EQ(client.read_response().body, "good");
  EXPECT_EQ(client.read_response().status, 400);
  EXPECT_TRUE(client.at_end());
}

TEST_F(Refusals, NoEndpointIs503) {
  proxy_.set_endpoints({});
  Socket client = proxy_.connect();
  for (int i = 0; i < 2; ++i) {
    client.send(get("/"));
    const Message response = client.read_response();
    EXPECT_EQ(response.status, 503);
    EXPECT_EQ(response.field("Proxy-Status"), "outrigger; error=destination_unavailable");
    EXPECT_EQ(response.field("Connection"), "");
  }
  client.send("HEAD / HTTP/1.1\r\nHost: web\r\n\r\n");
  EXPECT_EQ(client.read_response(/*to_head=*/true).status, 503);
  client.send(post("/", "whole"));
  EXPECT_EQ(client.read_response().status, 503);
  EXPECT_EQ(proxy_.requests(503), 4u);
}

TEST_F(Refusals, AServiceNobodyKnowsIs503) {
  const model::ServicePort unknown{{"shop", "unknown"}, 80};
  const std::uint16_t port = proxy_.listen("unknown", unknown);
  Socket client = Socket::connect(port);
  client.send(get("/"));
  EXPECT_EQ(client.read_response().status, 503);
  Socket uploading = Socket::connect(port);
  uploading.send(post("/", pattern(200'000)));
  EXPECT_EQ(uploading.read_response().status, 503);
  EXPECT_TRUE(uploading.at_end());
  EXPECT_FALSE(uploading.was_reset());
}

TEST_F(Refusals, DrainingEndsIdleConnectionsAtOnceAndBusyOnesAfterTheirAnswer) {
  Socket idle = proxy_.connect();
  Socket busy = proxy_.connect();
  Socket streaming = proxy_.connect();
  busy.send(get("/busy"));
  Socket endpoint = upstream_.accept();
  endpoint.read_request();
  streaming.send(get("/streaming"));
  Socket stream = upstream_.accept();
  stream.read_request();
  stream.send("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf");
  EXPECT_EQ(streaming.read_bytes(12), "HTTP/1.1 200");

  proxy_.worker().drain();
  proxy_.sync();
  EXPECT_TRUE(idle.at_end());
  EXPECT_FALSE(idle.was_reset());
  idle.close();
  proxy_.eventually("the idle one is gone", [&] { return proxy_.connections() == 2; });
  endpoint.send(ok("last"));
  const Message last = busy.read_response();
  EXPECT_EQ(last.body, "last");
  EXPECT_EQ(last.field("Connection"), "close");
  EXPECT_TRUE(busy.at_end());
  stream.send("half");
  EXPECT_TRUE(streaming.read_to_end().ends_with("halfhalf"));
  EXPECT_FALSE(streaming.was_reset());
  proxy_.eventually("all are gone", [&] { return proxy_.connections() == 0; });
}

/// The client takes the answer late, and has sent more than the proxy reads ahead.
TEST_F(Refusals, AnAnswerThatEndsTheConnectionIsNotLostToWhatCameBehindItsRequest) {
  const std::string body = pattern(300'000);
  Socket client = proxy_.connect(/*receive_buffer_bytes=*/4 * 1024);
  client.send(get("/last", "Connection: close\r\n"));
  Socket endpoint = upstream_.accept();
  endpoint.read_request();
  client.send(std::string(300'000, 'x'));
  proxy_.sync();
  endpoint.send(ok(body));
  proxy_.sync();
  const Message last = client.read_response();
  EXPECT_TRUE(last.whole);
  EXPECT_TRUE(last.body == body);
  EXPECT_TRUE(client.at_end());
  EXPECT_FALSE(client.was_reset());
}

/// The worker is kept busy, so that all of this waits in the kernel when it is told to drain.
TEST_F(Refusals, DrainingAnswersWhatHasArrived) {
  constexpr int kClients = 200;
  proxy_.set_endpoints({});
  Socket kept = proxy_.connect();
  kept.send(get("/"));
  EXPECT_EQ(kept.read_response().status, 503);
  std::promise<void> go;
  proxy_.worker().loop().post([waiting = go.get_future().share()] { waiting.wait(); });
  kept.send(get("/"));
  std::vector<Socket> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.push_back(proxy_.connect());
    clients.back().send(get("/"));
  }
  proxy_.worker().drain();
  go.set_value();
  clients.push_back(std::move(kept));
  for (Socket& client : clients) {
    const Message response = client.read_response();
    ASSERT_EQ(response.status, 503) << response.reset;
    EXPECT_TRUE(client.at_end());
  }
}

TEST_F(Refusals, ARemovedListenerAnswersWhatItHasAccepted) {
  constexpr int kClients = 200;
  proxy_.set_endpoints({});
  std::promise<void> go;
  proxy_.worker().loop().post([waiting = go.get_future().share()] { waiting.wait(); });
  std::vector<Socket> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.push_back(proxy_.connect());
    clients.back().send(get("/"));
  }
  proxy_.worker().remove_listener("web");
  go.set_value();
  for (Socket& client : clients) EXPECT_EQ(client.read_response().status, 503);
}

}  // namespace
}  // namespace outrigger::sidecar::test
