/// The limits of one request and of what a worker holds, each with its status, and that they may change.
#include <gtest/gtest.h>

#include "messages.h"
#include "proxy.h"

namespace outrigger::sidecar::test {
namespace {

using std::chrono::milliseconds;

class RequestLimits : public ::testing::Test {
 protected:
  RequestLimits() { proxy_.set_endpoints({upstream_.address()}); }

  void configure() {
    proxy_.worker().configure(settings_, limits_);
    proxy_.sync();
  }
  /// What becomes of that request on a connection of its own: it is answered "fine" by the endpoint if it gets there.
  std::uint16_t status_of(const std::string& request) {
    Socket client = proxy_.connect();
    client.send(request);
    proxy_.sync();
    if (upstream_.pending()) {
      Socket endpoint = upstream_.accept();
      EXPECT_TRUE(endpoint.read_request().whole);
      endpoint.send(ok("fine", "Connection: close\r\n"));
      EXPECT_EQ(client.read_response().status, 200);
      return 200;
    }
    const Message response = client.read_response();
    EXPECT_EQ(response.field("Proxy-Status"), "outrigger; error=http_request_error");
    // A body that is too large, but has been read whole, leaves the connection as it was.
    EXPECT_TRUE(response.status == 413 || response.field("Connection") == "close") << response.head;
    client.half_close();
    EXPECT_TRUE(client.at_end());
    EXPECT_FALSE(client.was_reset());
    return response.status;
  }
  static std::string head_of(std::size_t bytes) {
    const std::string rest = "GET / HTTP/1.1\r\nHost: web\r\nX: \r\n\r\n";
    return get("/", "X: " + std::string(bytes - rest.size(), 'x') + "\r\n");
  }
  static std::string fields(std::size_t count) {  // Host beside them
    std::string text;
    for (std::size_t i = 1; i < count; ++i) text += "X: 1\r\n";
    return get("/", text);
  }

  HttpSettings settings_;
  WorkerLimits limits_{.connections = 100'000, .buffered_bytes = 64 << 20};
  Listener upstream_;
  Proxy proxy_;
};

TEST_F(RequestLimits, ALargerHeadIs431) {
  EXPECT_EQ(status_of(head_of(64 << 10)), 200);
  EXPECT_EQ(status_of(head_of((64 << 10) + 1)), 431);
  settings_.max_head_bytes = 2'048;
  configure();
  EXPECT_EQ(status_of(head_of(2'048)), 200);
  EXPECT_EQ(status_of(head_of(2'049)), 431);
  EXPECT_EQ(proxy_.requests(431), 2u);
}

TEST_F(RequestLimits, MoreFieldsAre431) {
  EXPECT_EQ(status_of(fields(256)), 200);
  EXPECT_EQ(status_of(fields(257)), 431);
  settings_.max_fields = 16;
  configure();
  EXPECT_EQ(status_of(fields(16)), 200);
  EXPECT_EQ(status_of(fields(17)), 431);
}

TEST_F(RequestLimits, ALongerTargetIs414) {
  const auto target_of = [](std::size_t bytes) { return get("/" + std::string(bytes - 1, 'x')); };
  EXPECT_EQ(status_of(target_of(16 << 10)), 200);
  EXPECT_EQ(status_of(target_of((16 << 10) + 1)), 414);
  settings_.max_target_bytes = 1'024;
  configure();
  EXPECT_EQ(status_of(target_of(1'024)), 200);
  EXPECT_EQ(status_of(target_of(1'025)), 414);
}

TEST_F(RequestLimits, ALargerBodyIs413) {
  const auto chunked = [](std::size_t bytes) {
    return "POST / HTTP/1.1\r\nHost: web\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks(pattern(bytes), 100);
  };
  EXPECT_EQ(status_of(post("/", pattern(1'001))), 200);
  settings_.max_body_bytes = 1'000;
  configure();
  EXPECT_EQ(status_of(post("/", pattern(1'000))), 200);
  EXPECT_EQ(status_of(post("/", pattern(1'001))), 413);
  EXPECT_EQ(status_of("POST / HTTP/1.1\r\nHost: web\r\nContent-Length: 18446744073709551615\r\n\r\n"), 413);
  EXPECT_EQ(status_of(chunked(1'000)), 200);
  EXPECT_EQ(proxy_.requests(413), 2u);
}

TEST_F(RequestLimits, ABodyInChunksThatGrowsTooLargeIs413AndIsCut) {
  settings_.max_body_bytes = 1'000;
  configure();
  for (const bool at_once : {true, false}) {
    const std::string start =
        "POST / HTTP/1.1\r\nHost: web\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n" + std::string(1'000, 'x') + "\r\n";
    const std::string end = "1\r\nx\r\n0\r\n\r\n";
    Socket client = proxy_.connect();
    client.send(at_once ? start + end : start);
    if (!at_once) proxy_.sync();
    if (!at_once) client.send(end);
    EXPECT_EQ(client.read_response().status, 413);
    client.half_close();
    EXPECT_TRUE(client.at_end());
    EXPECT_FALSE(client.was_reset());
    while (upstream_.pending()) EXPECT_FALSE(upstream_.accept().read_request().whole);
  }
  EXPECT_EQ(proxy_.in_flight(upstream_.address()), 0);
  EXPECT_EQ(proxy_.outcomes(upstream_.address(), Outcome::cancelled), 2u);
}

TEST_F(RequestLimits, AnAnswersHeadMayBeAsLargeAsARequests) {
  const std::string large = ok("large", "X: " + std::string(100'000, 'x') + "\r\n");
  for (const bool wide : {false, true}) {
    settings_.max_head_bytes = wide ? 200'000 : 64 << 10;
    configure();
    Socket client = proxy_.connect();
    client.send(get("/"));
    Socket endpoint = upstream_.accept();
    endpoint.read_request();
    endpoint.send(large);
    EXPECT_EQ(client.read_bytes(12), wide ? "HTTP/1.1 200" : "HTTP/1.1 502");
  }
}

TEST_F(RequestLimits, AnAnswerMayHaveAsManyFieldsAsARequest) {
  settings_.max_fields = 16;
  configure();
  for (const std::size_t more : {std::size_t{15}, std::size_t{16}}) {  // Content-Length beside them
    std::string fields;
    for (std::size_t i = 0; i < more; ++i) fields += "X: 1\r\n";
    Socket client = proxy_.connect();
    client.send(get("/"));
    Socket endpoint = upstream_.accept();
    endpoint.read_request();
    endpoint.send(ok("", fields));
    EXPECT_EQ(client.read_response().status, more == 15 ? 200 : 502);
    endpoint.close();
    proxy_.sync();
  }
}

TEST_F(RequestLimits, AHeadThatDoesNotComeInTimeIs408) {
  settings_.head_timeout = milliseconds(100);
  configure();
  Socket idle = proxy_.connect();
  Socket used = proxy_.connect();
  used.send(get("/"));
  Socket endpoint = upstream_.accept();
  endpoint.read_request();
  endpoint.send(ok("first"));
  EXPECT_EQ(used.read_response().body, "first");
  for (const bool trickled : {false, true}) {
    SCOPED_TRACE(trickled);
    Socket client = proxy_.connect();
    const auto since = net::Clock::now();
    client.send("GET / HTTP/1.1\r\nHost: web\r\nX: ");
    while (trickled && !client.readable_within(milliseconds(5))) {
      ASSERT_LT(net::Clock::now() - since, std::chrono::seconds(10));
      client.send("x");
    }
    const Message response = client.read_response();
    EXPECT_EQ(response.status, 408);
    EXPECT_EQ(response.field("Connection"), "close");
    EXPECT_EQ(response.field("Proxy-Status"), "outrigger; error=http_request_error");
    EXPECT_GE(net::Clock::now() - since, milliseconds(100));
    EXPECT_TRUE(client.at_end());
    EXPECT_FALSE(client.was_reset());
  }
  // A connection without a request under way has no head to wait for.
  for (Socket* client : {&idle, &used}) {
    client->send(get("/late"));
    EXPECT_EQ(endpoint.read_request().target, "/late");
    endpoint.send(ok("late"));
    EXPECT_EQ(client->read_response().body, "late");
  }
  used.send("GET / HTTP/1.1\r\n");
  EXPECT_EQ(used.read_response().status, 408);
  EXPECT_EQ(proxy_.requests(408), 3u);
  EXPECT_FALSE(upstream_.pending());
}

}  // namespace
}  // namespace outrigger::sidecar::test
