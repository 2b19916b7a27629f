/// What happens when an endpoint fails.
#include <gtest/gtest.h>
#include <netinet/tcp.h>

#include <array>

#include "messages.h"
#include "proxy.h"

namespace outrigger::sidecar::test {
namespace {

using std::chrono::milliseconds;

/// Two endpoints; requests go to `a_` first.
class Failures : public ::testing::Test {
 protected:
  Failures() { set({a_.address(), b_.address()}); }

  /// The first of them is preferred.
  void set(const std::vector<std::string>& addresses) {
    std::vector<model::Endpoint> endpoints;
    for (const std::string& address : addresses) {
      endpoints.push_back(endpoint(address));
      endpoints.back().tier = static_cast<std::uint32_t>(endpoints.size() - 1);
    }
    proxy_.set(std::move(endpoints));
  }
  /// Leaves an idle connection to that endpoint in the pool, and returns its other end.
  Socket pooled(Listener& listener) {
    set({listener.address()});
    Socket client = proxy_.connect();
    client.send(get("/"));
    Socket endpoint = listener.accept();
    endpoint.read_request();
    endpoint.send(ok("pooled"));
    EXPECT_EQ(client.read_response().body, "pooled");
    return endpoint;
  }
  void expect_quiet() {
    proxy_.sync();
    EXPECT_EQ(proxy_.in_flight(a_.address()), 0);
    EXPECT_EQ(proxy_.in_flight(b_.address()), 0);
  }

  Listener a_;
  Listener b_;
  Proxy proxy_;
};

TEST_F(Failures, RefusedConnectionsGoToAnotherEndpoint) {
  a_.close();
  Socket client = proxy_.connect();
  client.send(post("/", "even a POST"));
  Socket endpoint = b_.accept();
  EXPECT_EQ(endpoint.read_request().body, "even a POST");
  endpoint.send(ok("b"));
  EXPECT_EQ(client.read_response().body, "b");
  EXPECT_EQ(proxy_.retries(), 1u);
  EXPECT_EQ(proxy_.outcomes(a_.address(), Outcome::connect_failure), 1u);
  EXPECT_EQ(proxy_.outcomes(b_.address(), Outcome::success), 1u);
  expect_quiet();
}

TEST_F(Failures, ARequestThatEveryEndpointRefusesIs502AndTheConnectionStays) {
  a_.close();
  b_.close();
  Socket client = proxy_.connect();
  for (std::uint64_t i = 1; i <= 2; ++i) {
    client.send(get("/"));
    const Message response = client.read_response();
    EXPECT_EQ(response.status, 502);
    EXPECT_EQ(response.field("Proxy-Status"), "outrigger; error=connection_refused");
    EXPECT_EQ(proxy_.requests(502), i);
    EXPECT_EQ(proxy_.retries(), 2 * i);
  }
  expect_quiet();
}

TEST_F(Failures, AnIdleConnectionThatTheEndpointClosesIsForgotten) {
  Socket idle = pooled(a_);
  idle.close();
  proxy_.sync();
  Socket client = proxy_.connect();
  client.send(post("/", "not idempotent"));
  Socket endpoint = a_.accept();
  EXPECT_EQ(endpoint.read_request().body, "not idempotent");
  EXPECT_EQ(proxy_.retries(), 0u);
}

TEST_F(Failures, AnIdleConnectionOnWhichTheEndpointSpeaksUnaskedIsClosed) {
  Socket idle = pooled(a_);
  idle.send(ok("to nobody"));
  idle.read_to_end();
  Socket client = proxy_.connect();
  client.send(get("/"));
  Socket endpoint = a_.accept();
  endpoint.read_request();
  endpoint.send(ok("to somebody"));
  EXPECT_EQ(client.read_response().body, "to somebody");
}

TEST_F(Failures, AGetIsReplayedAfterResetsBeforeTheAnswerAsOftenAsTheServiceSays) {
  Listener c;
  Listener d;
  const std::array<Listener*, 4> listeners{&a_, &b_, &c, &d};
  ASSERT_EQ(proxy_.options.retries, 2u) << "its default: three endpoints in all";
  std::uint64_t replays = 0;
  for (const std::uint32_t retries : {2u, 1u, 0u}) {
    proxy_.options.retries = retries;
    set({a_.address(), b_.address(), c.address(), d.address()});
    Socket client = proxy_.connect();
    client.send(get("/"));
    for (std::size_t i = 0; i <= retries; ++i) {
      Socket endpoint = listeners[i]->accept();
      EXPECT_EQ(endpoint.read_request().target, "/");
      endpoint.reset();
    }
    const Message response = client.read_response();
    EXPECT_EQ(response.status, 502);
    EXPECT_EQ(response.field("Proxy-Status"), "outrigger; error=connection_terminated");
    for (const Listener* listener : listeners) EXPECT_FALSE(listener->pending());
    EXPECT_EQ(proxy_.retries(), replays += retries);
  }
  for (std::size_t i = 0; i < listeners.size(); ++i) {
    EXPECT_EQ(proxy_.outcomes(listeners[i]->address(), Outcome::reset), 3 - i);
  }
  expect_quiet();
}

TEST_F(Failures, APostIsNeverSentTwice) {
  for (const bool orderly : {false, true}) {
    Socket client = proxy_.connect();
    client.send(post("/", "pay"));
    Socket first = a_.accept();
    first.read_request();
    orderly ? first.close() : first.reset();
    EXPECT_EQ(client.read_response().status, 502);
    EXPECT_FALSE(a_.pending());
    EXPECT_FALSE(b_.pending());
  }
  EXPECT_EQ(proxy_.retries(), 0u);
  expect_quiet();
}

/// The kernel takes some of it and then no more: it has been sent all the same.
TEST_F(Failures, APostThatTheKernelTookOnlySomeOfIsNeverSentTwice) {
  const std::string body = pattern(60'000);
  proxy_.options.connect_timeout = milliseconds(0);  // due before the socket takes more
  const int small = 100;                             // small segments make for small buffers on the other side
  Listener slow;
  net::FileDescriptor listening = slow.release();
  ::setsockopt(listening.get(), IPPROTO_TCP, TCP_MAXSEG, &small, sizeof(small));
  ::setsockopt(listening.get(), SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
  set({slow.address(), b_.address()});
  Socket client = proxy_.connect();
  std::string head = "POST / HTTP/1.1\r\nHost: web\r\nContent-Length: 60000\r\n";
  for (int i = 0; i < 60; ++i) head += "X-Padding-" + std::to_string(i) + ": " + std::string(1'000, 'x') + "\r\n";
  client.send(head + "\r\n" + body);
  Socket first(net::accept_on(listening.get()));
  while (first.fd() < 0) {
    proxy_.sync();
    first = Socket(net::accept_on(listening.get()));
  }
  EXPECT_FALSE(b_.pending_within(milliseconds(50)));
  EXPECT_TRUE(first.read_request().body == body);
  first.send(ok("taken"));
  EXPECT_EQ(client.read_response().body, "taken");
  EXPECT_EQ(proxy_.retries(), 0u);
}

TEST_F(Failures, AResetInTheMiddleOfAHeadIs502) {
  Socket client = proxy_.connect();
  client.send(get("/"));
  Socket endpoint = a_.accept();
  endpoint.read_request();
  endpoint.send("HTTP/1.1 200 OK\r\nContent-");
  proxy_.sync();
  endpoint.reset();
  EXPECT_EQ(client.read_response().status, 502);
  EXPECT_FALSE(b_.pending());
  EXPECT_EQ(proxy_.outcomes(a_.address(), Outcome::reset), 1u);
}

TEST_F(Failures, ACutBodyNeverLooksWhole) {
  const std::vector<std::string> heads = {"Content-Length: 100\r\n\r\nhalf",
                                          "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
                                          "Transfer-Encoding: chunked\r\n\r\n64\r\nhalf"};
  set({a_.address()});
  for (const std::string& head : heads) {
    for (const bool orderly : {true, false}) {
      for (const bool http11 : {true, false}) {
        Socket client = proxy_.connect();
        client.send(http11 ? get("/") : "GET / HTTP/1.0\r\n\r\n");
        Socket endpoint = a_.accept();
        endpoint.read_request();
        endpoint.send("HTTP/1.1 200 OK\r\n" + head);
        proxy_.sync();
        orderly ? endpoint.close() : endpoint.reset();
        const Message response = client.read_response();
        EXPECT_EQ(response.status, 200);
        EXPECT_EQ(response.body, "half");
        EXPECT_FALSE(response.whole) << head << http11;
      }
    }
  }
  EXPECT_EQ(proxy_.outcomes(a_.address(), Outcome::reset), 12u);
  EXPECT_EQ(proxy_.requests(200), 12u);
}

/// The client takes the first answer late, and has sent more than the proxy reads ahead.
TEST_F(Failures, ACutAnswerDoesNotTakeTheOneBeforeItAlong) {
  set({a_.address()});
  const std::string body = pattern(300'000);
  Socket client = proxy_.connect(/*receive_buffer_bytes=*/4 * 1024);
  client.send(get("/whole") + get("/cut"));
  Socket endpoint = a_.accept();
  EXPECT_EQ(endpoint.read_request().target, "/whole");
  endpoint.send(ok(body));
  EXPECT_EQ(endpoint.read_request().target, "/cut");
  client.send(std::string(300'000, 'x'));
  proxy_.sync();
  endpoint.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
  endpoint.close();
  proxy_.sync();
  const Message whole = client.read_response();
  EXPECT_TRUE(whole.whole);
  EXPECT_TRUE(whole.body == body);
  const Message cut = client.read_response();
  EXPECT_EQ(cut.body, "half");
  EXPECT_FALSE(cut.whole);
}

TEST_F(Failures, AResetWhereOnlyTheEndDelimitsTheBodyIsACutBody) {
  set({a_.address()});
  Socket client = proxy_.connect();
  client.send(get("/"));
  Socket endpoint = a_.accept();
  endpoint.read_request();
  endpoint.send("HTTP/1.1 200 OK\r\n\r\nuntil the end of time");
  client.read_bytes(12);
  proxy_.sync();
  endpoint.reset();
  EXPECT_EQ(client.read_to_end().find("\r\n0\r\n"), std::string::npos);
  EXPECT_EQ(proxy_.outcomes(a_.address(), Outcome::reset), 1u);
}

TEST_F(Failures, ABrokenAnswerIs502) {
  set({a_.address()});
  const std::vector<std::string> answers = {
      "SSH-2.0-OpenSSH_9.2\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n",
      "HTTP/2 200 OK\r\n\r\n",
      "HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'x') + "\r\n\r\n"};
  Socket client = proxy_.connect();
  for (const std::string& answer : answers) {
    client.send(get("/"));
    Socket endpoint = a_.accept();
    endpoint.read_request();
    endpoint.send(answer);
    const Message response = client.read_response();
    EXPECT_EQ(response.status, 502) << answer.substr(0, 80);
    EXPECT_EQ(response.field("Proxy-Status"), "outrigger; error=http_protocol_error") << answer.substr(0, 80);
    endpoint.read_to_end();
  }
  EXPECT_EQ(proxy_.outcomes(a_.address(), Outcome::invalid), answers.size());
  expect_quiet();
}

TEST_F(Failures, MoreBytesThanTheLengthSaysEndTheConnectionNotTheService) {
  set({a_.address()});
  Socket client = proxy_.connect();
  client.send(get("/1"));
  Socket endpoint = a_.accept();
  endpoint.read_request();
  endpoint.send(ok("exact") + "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison");
  EXPECT_EQ(client.read_response().body, "exact");
  client.send(get("/2"));
  Socket another = a_.accept();
  EXPECT_EQ(another.read_request().target, "/2");
  another.send(ok("clean"));
  EXPECT_EQ(client.read_response().body, "clean");
}

TEST_F(Failures, AConnectThatHangsIsGivenUpForAnotherEndpoint) {
  HangingAddress hanging;
  proxy_.options.connect_timeout = milliseconds(30);
  set({hanging.address(), b_.address()});
  Socket client = proxy_.connect();
  client.send(get("/"));
  Socket endpoint = b_.accept();
  endpoint.read_request();
  endpoint.send(ok("b"));
  EXPECT_EQ(client.read_response().body, "b");
  EXPECT_EQ(proxy_.outcomes(hanging.address(), Outcome::connect_failure), 1u);
  EXPECT_EQ(proxy_.retries(), 1u);
}

TEST_F(Failures, AConnectThatHangsEverywhereIs504) {
  HangingAddress hanging;
  proxy_.options.connect_timeout = milliseconds(20);
  set({hanging.address()});
  Socket client = proxy_.connect();
  client.send(get("/"));
  const Message response = client.read_response();
  EXPECT_EQ(response.status, 504);
  EXPECT_EQ(response.field("Proxy-Status"), "outrigger; error=connection_timeout");
  EXPECT_EQ(proxy_.in_flight(hanging.address()), 0);
}

TEST_F(Failures, AnUploadGoesOnAfterAConnectThatHung) {
  HangingAddress hanging;
  Socket idle = pooled(b_);
  proxy_.options.connect_timeout = milliseconds(30);
  set({hanging.address(), b_.address()});
  Socket client = proxy_.connect();
  client.send("POST / HTTP/1.1\r\nHost: web\r\nContent-Length: 8\r\n\r\nhalf");
  const std::string marker = "\r\n\r\nhalf";
  std::string head;
  while (!head.ends_with(marker)) {
    const std::string byte = idle.read_bytes(1);
    ASSERT_NE(byte, "");
    head += byte;
  }
  client.send("half");
  EXPECT_EQ(idle.read_bytes(4), "half");
  idle.send(ok("whole"));
  EXPECT_EQ(client.read_response().body, "whole");
}

TEST_F(Failures, NoAnswerInTimeIs504) {
  proxy_.options.timeout = milliseconds(50);
  set({a_.address(), b_.address()});
  Socket client = proxy_.connect();
  client.send(get("/"));
  Socket endpoint = a_.accept();
  endpoint.read_request();
  const Message response = client.read_response();
  EXPECT_EQ(response.status, 504);
  EXPECT_EQ(response.field("Proxy-Status"), "outrigger; error=http_response_timeout");
  EXPECT_TRUE(endpoint.at_end());
  EXPECT_EQ(proxy_.outcomes(a_.address(), Outcome::timeout), 1u);
  EXPECT_FALSE(b_.pending());

  client.send(get("/again"));
  Socket again = a_.accept();
  again.read_request();
  again.send("HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: 5\r\n\r\n");
  // Only the head has to come in time.
  EXPECT_EQ(client.read_bytes(12), "HTTP/1.1 200");
  EXPECT_FALSE(again.readable_within(milliseconds(100)));
  again.send("whole");
  const std::string expected = " OK\r\nDate: now\r\nContent-Length: 5\r\n\r\nwhole";
  EXPECT_EQ(client.read_bytes(expected.size()), expected);
}

TEST_F(Failures, AConnectionWithoutBytesForTheIdleTimeoutIsClosed) {
  proxy_.options.idle_timeout = milliseconds(50);
  set({a_.address()});
  Socket idle = proxy_.connect();
  EXPECT_TRUE(idle.at_end());
  EXPECT_FALSE(idle.was_reset());

  Socket waiting = proxy_.connect();
  waiting.send(get("/"));
  Socket endpoint = a_.accept();
  endpoint.read_request();
  EXPECT_TRUE(waiting.at_end());
  EXPECT_TRUE(endpoint.at_end());
  proxy_.eventually("nothing is open", [&] { return proxy_.connections() == 0; });
  expect_quiet();
}

TEST_F(Failures, InterimAnswersWithoutEndAreHeldBackByTheirReader) {
  set({a_.address()});
  Socket client = proxy_.connect(/*receive_buffer_bytes=*/32 * 1024);
  client.send(get("/"));
  Socket endpoint = a_.accept();
  endpoint.read_request();
  std::string hints;
  while (hints.size() < (48u << 20))
    hints += "HTTP/1.1 103 Early Hints\r\nLink: " + std::string(1'000, 'x') + "\r\n\r\n";
  EXPECT_LT(endpoint.send_until_stuck(hints, milliseconds(200)), 24u << 20);
}

TEST_F(Failures, AWorkerMayEndWithRequestsUnderWay) {
  Socket client = proxy_.connect();
  client.send(get("/"));
  Socket endpoint = a_.accept();
  endpoint.read_request();
  proxy_.end();
  EXPECT_TRUE(client.at_end());
  EXPECT_TRUE(endpoint.at_end());
  EXPECT_EQ(proxy_.connections(), 0);
  EXPECT_EQ(proxy_.in_flight(a_.address()), 0);
}

}  // namespace
}  // namespace outrigger::sidecar::test
