/// What a client and an endpoint see of a request that goes well.
#include <gtest/gtest.h>

#include <thread>

#include "http/http_date.h"
#include "messages.h"
#include "proxy.h"

namespace outrigger::sidecar::test {
namespace {

constexpr auto kQuiet = std::chrono::milliseconds(200);

class Exchanges : public ::testing::Test {
 protected:
  Exchanges() { proxy_.set_endpoints({upstream_.address()}); }

  /// The client and an endpoint, connected by a tunnel.
  struct Ends {
    Socket client;
    Socket endpoint;
  };
  Ends tunnel() {
    Socket client = proxy_.connect();
    client.send(get("/", "Connection: Upgrade\r\nUpgrade: websocket\r\n"));
    Socket endpoint = upstream_.accept();
    endpoint.read_request();
    endpoint.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    EXPECT_EQ(client.read_response().status, 101);
    return {std::move(client), std::move(endpoint)};
  }

  Listener upstream_;
  Proxy proxy_;
};

TEST_F(Exchanges, KeepOneConnectionOnEitherSideForAHundredRequests) {
  Socket client = proxy_.connect();
  client.send(get("/first"));
  Socket endpoint = upstream_.accept();
  for (int i = 0; i < 100; ++i) {
    if (i > 0) client.send(get("/" + std::to_string(i)));
    const Message request = endpoint.read_request();
    EXPECT_EQ(request.target, i > 0 ? "/" + std::to_string(i) : "/first");
    endpoint.send(ok("answer " + std::to_string(i)));
    const Message response = client.read_response();
    EXPECT_EQ(response.body, "answer " + std::to_string(i));
    EXPECT_EQ(response.field("Connection"), "");
  }
  EXPECT_FALSE(upstream_.pending());
  EXPECT_EQ(proxy_.requests(200), 100u);
  EXPECT_EQ(proxy_.durations(), 100u);
  EXPECT_EQ(proxy_.outcomes(upstream_.address(), Outcome::success), 100u);
  EXPECT_EQ(proxy_.in_flight(upstream_.address()), 0);
}

TEST_F(Exchanges, ShareAPoolBetweenClients) {
  Socket first = proxy_.connect();
  Socket second = proxy_.connect();
  first.send(get("/"));
  Socket endpoint = upstream_.accept();
  endpoint.read_request();
  EXPECT_EQ(proxy_.in_flight(upstream_.address()), 1);
  endpoint.send(ok("1"));
  EXPECT_EQ(first.read_response().body, "1");
  second.send(get("/"));
  endpoint.read_request();
  endpoint.send(ok("2"));
  EXPECT_EQ(second.read_response().body, "2");
  EXPECT_FALSE(upstream_.pending());
}

TEST_F(Exchanges, AnswerPipelinedRequestsInOrder) {
  Socket client = proxy_.connect();
  client.send(get("/1") + post("/2", "two") + get("/3") + get("/4"));
  Socket endpoint = upstream_.accept();
  for (const char* target : {"/1", "/2", "/3", "/4"}) {
    const Message request = endpoint.read_request();
    EXPECT_EQ(request.target, target);
    EXPECT_EQ(request.body, request.method == "POST" ? "two" : "");
    endpoint.send(ok(target));
  }
  for (const char* target : {"/1", "/2", "/3", "/4"}) EXPECT_EQ(client.read_response().body, target);
}

TEST_F(Exchanges, AnswerAThousandPipelinedRequests) {
  constexpr int kRequests = 1'000;
  std::string requests;
  for (int i = 0; i < kRequests; ++i)
    requests += get("/" + std::to_string(i), "X-Padding: " + std::string(200, 'x') + "\r\n");
  Socket client = proxy_.connect();
  client.send(requests);
  Socket endpoint = upstream_.accept();
  for (int i = 0; i < kRequests; ++i) {
    ASSERT_EQ(endpoint.read_request().target, "/" + std::to_string(i));
    endpoint.send(ok(std::to_string(i)));
    ASSERT_EQ(client.read_response().body, std::to_string(i));
  }
}

TEST_F(Exchanges, ReadARequestThatComesByteByByte) {
  Socket client = proxy_.connect();
  client.trickle(post("/slow", "body"));
  Socket endpoint = upstream_.accept();
  EXPECT_EQ(endpoint.read_request().body, "body");
  endpoint.trickle(ok("answer"));
  EXPECT_EQ(client.read_response().body, "answer");

  client.trickle("PUT / HTTP/1.1\r\nHost: web\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks("chunked body", 5));
  EXPECT_EQ(endpoint.read_request().body, "chunked body");
  endpoint.trickle("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks("chunked answer", 4));
  const Message response = client.read_response();
  EXPECT_EQ(response.body, "chunked answer");
  EXPECT_EQ(response.framing, http::Framing::chunked);
}

TEST_F(Exchanges, CarryAMebibyteEitherWayInEitherFraming) {
  const std::string body = pattern(1 << 20);
  const std::string by_length = "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  const std::string chunked = "Transfer-Encoding: chunked\r\n\r\n" + chunks(body, 10'007);
  Socket client = proxy_.connect();
  std::optional<Socket> endpoint;
  for (const std::string& up : {by_length, chunked}) {
    for (const std::string& down : {by_length, chunked}) {
      client.send("POST / HTTP/1.1\r\nHost: web\r\n" + up);
      if (!endpoint) endpoint.emplace(upstream_.accept());
      const Message request = endpoint->read_request();
      EXPECT_TRUE(request.body == body);
      EXPECT_EQ(request.framing, up == chunked ? http::Framing::chunked : http::Framing::length);
      endpoint->send("HTTP/1.1 200 OK\r\n" + down);
      const Message response = client.read_response();
      EXPECT_TRUE(response.body == body);
      EXPECT_EQ(response.framing, down == chunked ? http::Framing::chunked : http::Framing::length);
    }
  }
}

TEST_F(Exchanges, HoldTheEndpointBackWhenTheClientDoesNotRead) {
  const std::string body = pattern(64 << 20);
  Socket client = proxy_.connect(/*receive_buffer_bytes=*/32 * 1024);
  client.send(get("/"));
  Socket endpoint = upstream_.accept();
  endpoint.read_request();
  const std::string response = ok(body);
  const std::size_t taken = endpoint.send_until_stuck(response, kQuiet);
  // The buffers of three sockets of the kernel's, which grow to at most 4 or 6 MiB each, and one read of ours.
  EXPECT_LT(taken, 24u << 20);
  std::thread sender([&] { endpoint.send(std::string_view(response).substr(taken)); });
  EXPECT_TRUE(client.read_response().body == body);
  sender.join();
}

TEST_F(Exchanges, HoldTheClientBackWhenTheEndpointDoesNotRead) {
  const std::string body = pattern(64 << 20);
  Socket client = proxy_.connect();
  const std::string request = post("/", body);
  const std::size_t taken = client.send_until_stuck(request, kQuiet);
  EXPECT_LT(taken, 24u << 20);
  Socket endpoint = upstream_.accept();
  std::thread sender([&] { client.send(std::string_view(request).substr(taken)); });
  EXPECT_TRUE(endpoint.read_request().body == body);
  sender.join();
  endpoint.send(ok("got it"));
  EXPECT_EQ(client.read_response().body, "got it");
}

/// Answers with what it gets, while it gets it.
TEST_F(Exchanges, HoldAClientBackThatUploadsAndDoesNotReadTheEcho) {
  Socket client = proxy_.connect(/*receive_buffer_bytes=*/32 * 1024);
  const std::string body = pattern(96 << 20);
  const std::string length = "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  client.send("POST / HTTP/1.1\r\nHost: web\r\n" + length);
  Socket endpoint = upstream_.accept();
  endpoint.send("HTTP/1.1 200 OK\r\n" + length);
  std::size_t echoed = endpoint.send_until_stuck(body, kQuiet);
  std::size_t held_at_half = 0;  // the kernel's buffers have grown by then
  for (std::size_t uploaded = 0; uploaded < body.size();) {
    uploaded +=
        client.send_until_stuck(std::string_view(body).substr(uploaded, 4 << 20), std::chrono::milliseconds(20));
    endpoint.discard();
    if (held_at_half == 0 && uploaded >= body.size() / 2) held_at_half = echoed;
    echoed += endpoint.send_until_stuck(std::string_view(body).substr(echoed), std::chrono::milliseconds(1));
  }
  EXPECT_LT(echoed - held_at_half, 128u << 10);
}

TEST_F(Exchanges, SendNoBodyForHeadAnd204And304) {
  Socket client = proxy_.connect();
  client.send("HEAD / HTTP/1.1\r\nHost: web\r\n\r\n");
  Socket endpoint = upstream_.accept();
  EXPECT_EQ(endpoint.read_request().method, "HEAD");
  endpoint.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
  const Message head = client.read_response(/*to_head=*/true);
  EXPECT_EQ(head.field("Content-Length"), "1000");

  for (const std::string status : {"204 No Content", "304 Not Modified"}) {
    client.send(get("/"));
    endpoint.read_request();
    endpoint.send("HTTP/1.1 " + status + "\r\nETag: x\r\n\r\n");
    const Message response = client.read_response();
    EXPECT_EQ(std::to_string(response.status), status.substr(0, 3));
    EXPECT_EQ(response.field("ETag"), "x");
    EXPECT_EQ(response.field("Transfer-Encoding"), "");
  }
  client.send(get("/after"));
  endpoint.read_request();
  endpoint.send(ok("after"));
  EXPECT_EQ(client.read_response().body, "after");
}

TEST_F(Exchanges, PassAnInterimResponseOnBeforeTheBodyIsSent) {
  Socket client = proxy_.connect();
  client.send("POST / HTTP/1.1\r\nHost: web\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  Socket endpoint = upstream_.accept();
  endpoint.send("HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(client.read_response().status, 100);
  client.send("body");
  const std::string marker = "\r\n\r\nbody";
  std::string rest;
  while (!rest.ends_with(marker)) rest += endpoint.read_bytes(1);
  EXPECT_NE(rest.find("Expect: 100-continue"), std::string::npos);
  endpoint.send("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + ok("done"));
  EXPECT_EQ(client.read_response().status, 103);
  EXPECT_EQ(client.read_response().body, "done");
  client.send(get("/"));
  endpoint.read_request();
}

TEST_F(Exchanges, KeepInterimResponsesFromAnHttp10Client) {
  Socket client = proxy_.connect();
  client.send("GET / HTTP/1.0\r\nHost: web\r\n\r\n");
  Socket endpoint = upstream_.accept();
  EXPECT_NE(endpoint.read_request().head.find(" HTTP/1.1\r\n"), std::string::npos);
  endpoint.send("HTTP/1.1 103 Early Hints\r\n\r\n" + ok("old"));
  const Message response = client.read_response();
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "old");
  EXPECT_TRUE(client.at_end());
}

TEST_F(Exchanges, KeepAnHttp10ConnectionThatAsksForIt) {
  Socket client = proxy_.connect();
  const std::string request = "GET / HTTP/1.0\r\nHost: web\r\nConnection: keep-alive\r\n\r\n";
  client.send(request);
  Socket endpoint = upstream_.accept();
  endpoint.read_request();
  endpoint.send(ok("1"));
  const Message response = client.read_response();
  EXPECT_EQ(response.field("Connection"), "keep-alive");
  client.send(request);
  endpoint.read_request();
  endpoint.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks("no chunks for you", 3));
  const Message last = client.read_response();
  EXPECT_EQ(last.body, "no chunks for you");
  EXPECT_EQ(last.framing, http::Framing::until_close);
  EXPECT_TRUE(client.at_end());
}

TEST_F(Exchanges, ChunkWhatTheEndpointEndsByClosing) {
  Socket client = proxy_.connect();
  client.send(get("/"));
  Socket endpoint = upstream_.accept();
  endpoint.read_request();
  endpoint.send("HTTP/1.1 200 OK\r\n\r\nuntil the ");
  endpoint.send("end");
  endpoint.close();
  const Message response = client.read_response();
  EXPECT_EQ(response.body, "until the end");
  EXPECT_EQ(response.framing, http::Framing::chunked);
  client.send(get("/"));
  Socket another = upstream_.accept();
  another.read_request();
  another.send(ok("kept"));
  EXPECT_EQ(client.read_response().body, "kept");
}

TEST_F(Exchanges, DoNotReuseAnEndpointsConnectionThatIsToBeClosed) {
  Socket client = proxy_.connect();
  client.send(get("/"));
  Socket endpoint = upstream_.accept();
  endpoint.read_request();
  endpoint.send(ok("last", "Connection: close\r\n"));
  EXPECT_EQ(client.read_response().field("Connection"), "");
  EXPECT_TRUE(endpoint.at_end());
  client.send(get("/"));
  Socket another = upstream_.accept();
  EXPECT_EQ(another.read_request().target, "/");
}

TEST_F(Exchanges, CloseForAClientThatAsksForIt) {
  Socket client = proxy_.connect();
  client.send(get("/", "Connection: close\r\n"));
  Socket endpoint = upstream_.accept();
  const Message request = endpoint.read_request();
  EXPECT_EQ(request.field("Connection"), "");
  endpoint.send(ok("bye"));
  EXPECT_EQ(client.read_response().field("Connection"), "close");
  EXPECT_TRUE(client.at_end());
  EXPECT_FALSE(client.was_reset());
  proxy_.eventually("connections are counted off", [&] { return proxy_.connections() == 0; });
}

TEST_F(Exchanges, PassAnAnswerOnThatComesBeforeTheWholeRequest) {
  Socket client = proxy_.connect();
  client.send("POST / HTTP/1.1\r\nHost: web\r\nContent-Length: 1000000\r\n\r\nsome");
  Socket endpoint = upstream_.accept();
  endpoint.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno");
  const Message response = client.read_response();
  EXPECT_EQ(response.status, 413);
  EXPECT_EQ(response.body, "no");
  EXPECT_EQ(response.field("Connection"), "close");
  client.send(std::string(500'000, 'x'));
  EXPECT_TRUE(client.at_end());
  EXPECT_FALSE(client.was_reset());
  EXPECT_EQ(proxy_.outcomes(upstream_.address(), Outcome::success), 1u);
  client.half_close();
  proxy_.eventually("the connection has ended", [&] { return proxy_.connections() == 0; });
  client.send(get("/"));
}

TEST_F(Exchanges, AnswerAHalfClosedClient) {
  Socket client = proxy_.connect();
  client.send(get("/"));
  client.half_close();
  Socket endpoint = upstream_.accept();
  endpoint.read_request();
  proxy_.sync();
  endpoint.send(ok("still"));
  EXPECT_EQ(client.read_response().body, "still");
  EXPECT_TRUE(client.at_end());
  EXPECT_FALSE(client.was_reset());
}

TEST_F(Exchanges, AnswerEverythingAHalfClosedClientHasPipelined) {
  Socket client = proxy_.connect();
  client.send(get("/1") + get("/2") + get("/3") + "GET /cut");
  client.half_close();
  Socket endpoint = upstream_.accept();
  proxy_.sync();
  for (const char* target : {"/1", "/2", "/3"}) {
    ASSERT_EQ(endpoint.read_request().target, target);
    endpoint.send(ok(target));
    ASSERT_EQ(client.read_response().body, target);
  }
  EXPECT_TRUE(client.at_end());
}

TEST_F(Exchanges, RemoveHopByHopFieldsAndKeepHost) {
  Socket client = proxy_.connect();
  client.send(
      "GET /a?b=c HTTP/1.1\r\nHost: shop.example:8080\r\nConnection: X-Private, keep-alive\r\nX-Private: 1\r\n"
      "Keep-Alive: timeout=5\r\nProxy-Connection: close\r\nTE: gzip\r\nUpgrade: h2c\r\nX-Kept: yes\r\n\r\n");
  Socket endpoint = upstream_.accept();
  const Message request = endpoint.read_request();
  EXPECT_EQ(request.target, "/a?b=c");
  EXPECT_EQ(request.field("Host"), "shop.example:8080");
  EXPECT_EQ(request.field("X-Kept"), "yes");
  for (const char* name : {"Connection", "X-Private", "Keep-Alive", "Proxy-Connection", "TE", "Upgrade"}) {
    EXPECT_EQ(request.field(name), "") << name;
  }
  endpoint.send(
      "HTTP/1.1 200 OK\r\nConnection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nX-Kept: yes\r\n"
      "Content-Length: 0\r\n\r\n");
  const Message response = client.read_response();
  EXPECT_EQ(response.field("X-Kept"), "yes");
  for (const char* name : {"Connection", "X-Hop", "Keep-Alive"}) EXPECT_EQ(response.field(name), "") << name;
}

TEST_F(Exchanges, GoOnAfterAClientVanishesInTheMiddleOfARequest) {
  Socket client = proxy_.connect();
  client.send("POST / HTTP/1.1\r\nHost: web\r\nContent-Length: 100\r\n\r\nhalf");
  Socket endpoint = upstream_.accept();
  proxy_.eventually("a request in flight", [&] { return proxy_.in_flight(upstream_.address()) == 1; });
  client.close();
  EXPECT_NE(endpoint.read_to_end(), "");
  proxy_.eventually("nothing in flight", [&] { return proxy_.in_flight(upstream_.address()) == 0; });
  EXPECT_EQ(proxy_.outcomes(upstream_.address(), Outcome::cancelled), 1u);
  EXPECT_EQ(proxy_.all_requests(), 0u);
}

TEST_F(Exchanges, GoOnAfterAClientVanishesInTheMiddleOfAResponse) {
  Socket client = proxy_.connect();
  client.send(get("/"));
  Socket endpoint = upstream_.accept();
  endpoint.read_request();
  endpoint.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf");
  client.read_bytes(20);
  client.reset();
  EXPECT_TRUE(endpoint.at_end());
  proxy_.eventually("nothing in flight", [&] { return proxy_.in_flight(upstream_.address()) == 0; });
  EXPECT_EQ(proxy_.outcomes(upstream_.address(), Outcome::cancelled), 1u);
  EXPECT_EQ(proxy_.connections(), 0);

  Socket next = proxy_.connect();
  next.send(get("/"));
  Socket another = upstream_.accept();
  another.read_request();
  another.send(ok("fine"));
  EXPECT_EQ(next.read_response().body, "fine");
}

TEST_F(Exchanges, PassTrailersOnToAClientThatAcceptsThem) {
  const std::string head = "HTTP/1.1 200 OK\r\nDate: now\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string trailers = "X-Sum: 1\r\nX-More: 2\r\n";
  Socket client = proxy_.connect();
  client.send(get("/", "TE: trailers\r\nConnection: TE\r\n"));
  Socket endpoint = upstream_.accept();
  EXPECT_EQ(endpoint.read_request().field("TE"), "trailers");
  endpoint.send(head + "3\r\nabc\r\n0\r\n" + trailers + "\r\n");
  const std::string with = head + "3\r\nabc\r\n0\r\n" + trailers + "\r\n";
  EXPECT_EQ(client.read_bytes(with.size()), with);

  client.send(get("/"));
  EXPECT_EQ(endpoint.read_request().field("TE"), "");
  endpoint.send(head + "3\r\nabc\r\n0\r\n" + trailers + "\r\n");
  const std::string without = head + "3\r\nabc\r\n0\r\n\r\n";
  EXPECT_EQ(client.read_bytes(without.size()), without);
  EXPECT_FALSE(client.readable_within({}));
}

TEST_F(Exchanges, AddADateWhereThereIsNone) {
  const auto now = [] {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  };
  const auto is_of_now = [&](const std::string& date, std::int64_t since) {
    for (std::int64_t second = since - 1; second <= now(); ++second) {
      if (date == http::HttpDate(second).text()) return true;
    }
    return false;
  };
  Socket client = proxy_.connect();
  client.send(get("/"));
  Socket endpoint = upstream_.accept();
  endpoint.read_request();
  std::int64_t before = now();
  endpoint.send("HTTP/1.1 103 Early Hints\r\n\r\n" + ok("one"));
  EXPECT_EQ(client.read_response().field("Date"), "");
  const std::string first = client.read_response().field("Date");
  EXPECT_TRUE(is_of_now(first, before)) << first;

  // Of the time at which the answer comes.
  std::string date = first;
  while (date == first) {
    client.send(get("/"));
    endpoint.read_request();
    before = now();
    endpoint.send(ok("two"));
    date = client.read_response().field("Date");
    ASSERT_TRUE(is_of_now(date, before)) << date;
  }

  client.send(get("/"));
  endpoint.read_request();
  endpoint.send(ok("three", "date: its own\r\n"));
  const Message dated = client.read_response();
  EXPECT_EQ(dated.field("Date"), "its own");
  EXPECT_EQ(dated.head.find("Date"), std::string::npos);

  proxy_.set_endpoints({});
  before = now();
  client.send(get("/") + "GET bad HTTP/1.1\r\n\r\n");
  for (const int status : {503, 400}) {
    const Message own = client.read_response();
    EXPECT_EQ(own.status, status);
    EXPECT_TRUE(is_of_now(own.field("Date"), before)) << own.head;
  }
}

TEST_F(Exchanges, AnswerWhatMayGoNoFurther) {
  Socket client = proxy_.connect();
  client.send("OPTIONS / HTTP/1.1\r\nHost: web\r\nMax-Forwards: 0\r\n\r\n");
  const Message options = client.read_response();
  EXPECT_EQ(options.status, 200);
  EXPECT_EQ(options.body, "");
  client.send("TRACE / HTTP/1.1\r\nHost: web\r\nMax-Forwards: 0\r\n\r\n");
  EXPECT_EQ(client.read_response().status, 501);
  EXPECT_FALSE(upstream_.pending());
  client.send("TRACE / HTTP/1.1\r\nHost: web\r\nMax-Forwards: 1\r\n\r\n");
  EXPECT_EQ(upstream_.accept().read_request().field("Max-Forwards"), "0");
}

TEST_F(Exchanges, RefuseASwitchToWhatWasNotAskedFor) {
  const std::string asked = get("/", "Connection: Upgrade\r\nUpgrade: chat/2\r\n");
  Socket client = proxy_.connect();
  for (const char* other : {"websocket", "chat", "chat/1", "chat/22"}) {
    client.send(asked);
    Socket endpoint = upstream_.accept();
    endpoint.read_request();
    endpoint.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: " + std::string(other) +
                  "\r\n\r\n");
    const Message response = client.read_response();
    EXPECT_EQ(response.status, 502) << other;
    EXPECT_EQ(response.field("Proxy-Status"), "outrigger; error=http_protocol_error");
    EXPECT_TRUE(endpoint.at_end());
  }
  client.send(asked);
  Socket endpoint = upstream_.accept();
  endpoint.read_request();
  endpoint.send("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: CHAT/2\r\n\r\n");
  EXPECT_EQ(client.read_response().status, 101);
}

TEST_F(Exchanges, SendWhatIsOutstandingWhenATunnelEnds) {
  const std::string bytes = pattern(8 << 20);
  for (const bool by_the_client : {true, false}) {
    Ends ends = tunnel();
    Socket& sender = by_the_client ? ends.client : ends.endpoint;
    Socket& receiver = by_the_client ? ends.endpoint : ends.client;
    std::thread sending([&] {
      sender.send(bytes);
      sender.close();
    });
    EXPECT_TRUE(receiver.read_to_end() == bytes);
    EXPECT_FALSE(receiver.was_reset());
    sending.join();
    receiver.close();
    proxy_.eventually("both sides are closed", [&] { return proxy_.connections() == 0; });
    EXPECT_EQ(proxy_.in_flight(upstream_.address()), 0);
  }
}

}  // namespace
}  // namespace outrigger::sidecar::test
