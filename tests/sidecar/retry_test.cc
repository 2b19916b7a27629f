/// Which requests are tried again at another endpoint, and which are not.
#include <gtest/gtest.h>

#include <future>

#include "messages.h"
#include "proxy.h"

namespace outrigger::sidecar::test {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMaxKept = 64 * 1024;
const std::string kUnavailable = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy";

/// Two endpoints; requests go to `a_` first, however badly it answers.
class Retries : public ::testing::Test {
 protected:
  Retries() {
    proxy_.options.retry_on.service_unavailable = true;
    proxy_.options.outlier_failures = 0;
    set();
  }

  void set() {
    std::vector<model::Endpoint> endpoints = {endpoint(a_.address()), endpoint(b_.address())};
    endpoints[1].tier = 1;
    proxy_.set(std::move(endpoints));
  }
  static std::string message(const std::string& method, const std::string& body) {
    return method + " / HTTP/1.1\r\nHost: web\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }
  /// `a_` answers 503. Returns whether `b_` then gets the same, and the client its answer.
  bool tried_again(const std::string& request) {
    Socket client = proxy_.connect();
    client.send(request);
    Socket first = a_.accept();
    const Message seen = first.read_request();
    EXPECT_TRUE(seen.whole);
    first.send(kUnavailable);
    first.close();
    proxy_.eventually("what becomes of it", [&] { return b_.pending() || client.readable_within({}); });
    if (!b_.pending()) {
      const Message response = client.read_response(seen.method == "HEAD");
      EXPECT_EQ(response.status, 503);
      EXPECT_EQ(response.body, seen.method == "HEAD" ? "" : "busy");
      return false;
    }
    Socket second = b_.accept();
    const Message again = second.read_request();
    EXPECT_EQ(again.head, seen.head);
    EXPECT_TRUE(again.body == seen.body);
    second.send(ok("b", "Connection: close\r\n"));
    EXPECT_EQ(client.read_response(seen.method == "HEAD").status, 200);
    return true;
  }
  /// Leaves an idle connection to `a_` in the pool, and returns its other end.
  Socket pooled() {
    Socket client = proxy_.connect();
    client.send(get("/"));
    Socket endpoint = a_.accept();
    endpoint.read_request();
    endpoint.send(ok("pooled"));
    EXPECT_EQ(client.read_response().body, "pooled");
    return endpoint;
  }
  /// Has the worker find together whatever has come while `act` runs, in that order.
  template <class Act>
  void in_one_round(const Act& act) {
    std::promise<void> waits;
    std::promise<void> go;
    proxy_.worker().loop().post([&waits, until = go.get_future().share()] {
      waits.set_value();
      until.wait();
    });
    waits.get_future().wait();
    act();
    go.set_value();
  }

  Listener a_;
  Listener b_;
  Proxy proxy_;
};

TEST_F(Retries, AreOnTheStatusesThatTheServiceNames) {
  for (const int wanted : {0, 502, 503, 504}) {
    proxy_.options.retry_on.bad_gateway = wanted == 502;
    proxy_.options.retry_on.service_unavailable = wanted == 503;
    proxy_.options.retry_on.gateway_timeout = wanted == 504;
    set();
    for (const int status : {500, 502, 503, 504, 599}) {
      SCOPED_TRACE(std::to_string(wanted) + " wanted, " + std::to_string(status));
      Socket client = proxy_.connect();
      client.send(get("/"));
      Socket first = a_.accept();
      first.read_request();
      first.send("HTTP/1.1 " + std::to_string(status) + " x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
      if (status == wanted) {
        Socket second = b_.accept();
        second.read_request();
        second.send(ok("b", "Connection: close\r\n"));
      }
      EXPECT_EQ(client.read_response().status, status == wanted ? 200 : status);
      EXPECT_FALSE(b_.pending());
    }
  }
  EXPECT_EQ(proxy_.retries(), 3u);
  EXPECT_EQ(proxy_.outcomes(a_.address(), Outcome::server_error), 20u);
  EXPECT_EQ(proxy_.outcomes(b_.address(), Outcome::success), 3u);
}

/// One endpoint refuses, and to the other's address nothing leads from here, which is known at once.
TEST_F(Retries, OfConnectsAreMadeWhereTheServiceNamesThemAndCountedNowhere) {
  proxy_.options.retries = 0;
  proxy_.options.retry_budget_percent = 0;
  const std::string refusing = a_.address();
  a_.close();
  std::uint64_t retries = 0;
  for (const std::string& address : {refusing, std::string("127.255.255.255:80")}) {
    for (const bool wanted : {true, false}) {
      SCOPED_TRACE(address + (wanted ? ", wanted" : ""));
      proxy_.options.retry_on.connect_failure = wanted;
      proxy_.set_endpoints({});  // and what is known of it is forgotten
      std::vector<model::Endpoint> endpoints = {endpoint(address), endpoint(b_.address())};
      endpoints[1].tier = 1;
      proxy_.set(std::move(endpoints));
      Socket client = proxy_.connect();
      client.send(post("/", "body"));
      if (wanted) {
        Socket second = b_.accept();
        EXPECT_EQ(second.read_request().body, "body");
        second.send(ok("b", "Connection: close\r\n"));
        ++retries;
      }
      EXPECT_EQ(client.read_response().status, wanted ? 200 : 502);
      EXPECT_FALSE(b_.pending());
      EXPECT_EQ(proxy_.retries(), retries);
    }
  }
}

TEST_F(Retries, OfWhatAnEndpointDidNotAnswerAreMadeWhereTheServiceNamesThem) {
  for (const bool wanted : {true, false}) {
    proxy_.options.retry_on.refused = wanted;
    set();
    Socket client = proxy_.connect();
    client.send(get("/"));
    Socket first = a_.accept();
    first.read_request();
    first.close();
    if (wanted) {
      Socket second = b_.accept();
      second.read_request();
      second.send(ok("b", "Connection: close\r\n"));
    }
    EXPECT_EQ(client.read_response().status, wanted ? 200 : 502);
    EXPECT_FALSE(b_.pending());
  }
  EXPECT_EQ(proxy_.retries(), 1u);
}

TEST_F(Retries, AreOfIdempotentMethodsAlone) {
  for (const char* method : {"GET", "HEAD", "PUT", "DELETE", "OPTIONS"}) {
    EXPECT_TRUE(tried_again(message(method, "body"))) << method;
  }
  EXPECT_TRUE(tried_again("TRACE / HTTP/1.1\r\nHost: web\r\n\r\n"));
  for (const char* method : {"POST", "PATCH", "get", "PUTS"}) {
    EXPECT_FALSE(tried_again(message(method, "body"))) << method;
  }
}

TEST_F(Retries, AreOfBodiesThatAreKeptWhole) {
  EXPECT_TRUE(tried_again(message("PUT", pattern(kMaxKept))));
  EXPECT_FALSE(tried_again(message("PUT", pattern(kMaxKept + 1))));
  const auto chunked = [](std::size_t bytes) {
    std::string body = chunks(pattern(bytes), 1'000);
    body.insert(body.size() - 2, "X-Sum: 1\r\n");
    return "PUT / HTTP/1.1\r\nHost: web\r\nTransfer-Encoding: chunked\r\n\r\n" + body;
  };
  EXPECT_TRUE(tried_again(chunked(kMaxKept)));
  EXPECT_FALSE(tried_again(chunked(kMaxKept + 1)));
}

TEST_F(Retries, OfABodyThatIsStillComingWaitForNoneOfIt) {
  Socket client = proxy_.connect();
  client.send("PUT / HTTP/1.1\r\nHost: web\r\nContent-Length: 8\r\n\r\nhalf");
  Socket first = a_.accept();
  EXPECT_NE(first.peek_head(), "");
  first.send(kUnavailable);
  EXPECT_EQ(client.read_response().status, 503);
  EXPECT_FALSE(b_.pending());
}

/// What is added to it makes it larger than what a client may send.
TEST_F(Retries, AreOfHeadsAsLargeAsMayBe) {
  const std::string rest = get("/", "X: \r\n");
  EXPECT_TRUE(tried_again(get("/", "X: " + std::string((64 << 10) - rest.size(), 'x') + "\r\n")));
  std::string fields;
  for (int i = 1; i < 256; ++i) fields += "X: 1\r\n";
  EXPECT_TRUE(tried_again(get("/", fields)));
  EXPECT_TRUE(tried_again(get("/" + std::string((16 << 10) - 1, 'x'))));
}

TEST_F(Retries, AreNoMoreThanTheServiceSays) {
  proxy_.options.retries = 0;
  set();
  EXPECT_FALSE(tried_again(get("/")));
  Socket client = proxy_.connect();
  client.send(get("/"));
  Socket endpoint = a_.accept();
  endpoint.read_request();
  endpoint.reset();
  EXPECT_EQ(client.read_response().status, 502);
  EXPECT_FALSE(b_.pending());
  EXPECT_EQ(proxy_.retries(), 0u);

  proxy_.options.retries = 3;
  set();
  client.send(get("/"));
  std::vector<Socket> endpoints;
  for (int i = 0; i < 4; ++i) {
    proxy_.eventually("another try", [&] { return a_.pending() || b_.pending(); });
    endpoints.push_back((a_.pending() ? a_ : b_).accept());
    endpoints.back().read_request();
    endpoints.back().send(kUnavailable);
  }
  EXPECT_EQ(client.read_response().status, 503);
  EXPECT_FALSE(a_.pending());
  EXPECT_FALSE(b_.pending());
  EXPECT_EQ(proxy_.retries(), 3u);
}

TEST_F(Retries, AreNoneWithABudgetOfNothing) {
  proxy_.options.retry_budget_percent = 0;
  set();
  EXPECT_FALSE(tried_again(get("/")));
  EXPECT_EQ(proxy_.retries(), 0u);
}

TEST_F(Retries, EndWhenTheBudgetIsUsed) {
  constexpr std::uint64_t kRequests = 400;
  proxy_.options.retry_budget_percent = 1;
  set();
  const auto since = net::Clock::now();
  std::uint64_t again = 0;
  for (std::uint64_t i = 0; i < kRequests; ++i) again += tried_again(get("/")) ? 1u : 0u;
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(net::Clock::now() - since).count() + 2;
  EXPECT_EQ(proxy_.retries(), again);
  EXPECT_GE(again, 10u);
  EXPECT_LE(again, 10 * static_cast<std::uint64_t>(seconds) + kRequests / 100);
}

TEST_F(Retries, AreNoneOnceAnInterimAnswerHasBeenSent) {
  for (const bool status : {true, false}) {
    Socket client = proxy_.connect();
    client.send(get("/"));
    Socket endpoint = a_.accept();
    endpoint.read_request();
    endpoint.send("HTTP/1.1 103 Early Hints\r\n\r\n");
    EXPECT_EQ(client.read_response().status, 103);
    if (status) endpoint.send(kUnavailable);
    endpoint.close();
    EXPECT_EQ(client.read_response().status, status ? 503 : 502);
    EXPECT_FALSE(b_.pending());
  }
  EXPECT_EQ(proxy_.retries(), 0u);
}

/// The endpoint closes an idle connection at the same moment at which a request comes for it.
TEST_F(Retries, OfWhatWentToAConnectionThatHadEndedAreOfAnyMethod) {
  proxy_.options.retries = 0;
  set();
  for (const std::string& request : {get("/"), post("/", "pay"), post("/", pattern(kMaxKept))}) {
    for (const bool request_first : {true, false}) {
      SCOPED_TRACE(request_first);
      Socket client = proxy_.connect();
      Socket idle = pooled();
      in_one_round([&] {
        if (request_first) client.send(request);
        idle.half_close();
        if (!request_first) client.send(request);
      });
      proxy_.eventually("another connection", [&] { return a_.pending() || b_.pending(); });
      Socket another = (a_.pending() ? a_ : b_).accept();
      EXPECT_TRUE(another.read_request().whole);
      another.send(ok("served", "Connection: close\r\n"));
      EXPECT_EQ(client.read_response().body, "served");
    }
  }
  EXPECT_EQ(proxy_.requests(502), 0u);
}

/// It is closed while the request is on its way to it: that is no trouble of the endpoint's, and costs no retry.
TEST_F(Retries, OfWhatWentToAnIdleConnectionThatEndsAreFreeOnceAndOnAFreshOne) {
  proxy_.options.retries = 0;
  proxy_.options.retry_budget_percent = 0;
  proxy_.set_endpoints({a_.address()});
  for (const bool by_reset : {true, false}) {
    // Two requests at a time leave two idle connections.
    std::vector<Socket> clients;
    std::vector<Socket> idle;
    for (int i = 0; i < 2; ++i) {
      clients.push_back(proxy_.connect());
      clients.back().send(get("/"));
      idle.push_back(a_.accept());
      idle.back().read_request();
    }
    for (std::size_t i = 0; i < 2; ++i) {
      idle[i].send(ok("pooled"));
      EXPECT_EQ(clients[i].read_response().body, "pooled");
    }
    proxy_.sync();
    clients[0].send(get("/again"));
    EXPECT_EQ(idle[1].read_request().target, "/again") << "the one used last";
    by_reset ? idle[1].reset() : idle[1].close();
    Socket fresh = a_.accept();
    EXPECT_EQ(fresh.read_request().target, "/again");
    // Not a second time.
    fresh.reset();
    EXPECT_EQ(clients[0].read_response().status, 502);
    EXPECT_FALSE(a_.pending());
    // Whether it was processed cannot be known.
    clients[1].send(post("/", "pay"));
    EXPECT_EQ(idle[0].read_request().method, "POST");
    idle[0].reset();
    EXPECT_EQ(clients[1].read_response().status, 502);
    EXPECT_FALSE(a_.pending());
  }
}

/// The endpoint speaks on an idle connection at the same moment at which a request comes for it.
TEST_F(Retries, NeverTakeWhatCameBeforeTheRequestForItsAnswer) {
  for (const bool safe : {true, false}) {
    for (const bool request_first : {true, false}) {
      SCOPED_TRACE(std::to_string(safe) + std::to_string(request_first));
      const std::string request = safe ? get("/") : post("/", "pay");
      Socket client = proxy_.connect();
      Socket idle = pooled();
      in_one_round([&] {
        if (request_first) client.send(request);
        idle.send(ok("poison"));
        if (!request_first) client.send(request);
      });
      if (!safe && request_first) {  // it has been sent, and nobody knows what became of it
        EXPECT_EQ(client.read_response().status, 502);
        continue;
      }
      proxy_.eventually("another connection", [&] { return a_.pending() || b_.pending(); });
      Socket another = (a_.pending() ? a_ : b_).accept();
      EXPECT_TRUE(another.read_request().whole);
      another.send(ok("served", "Connection: close\r\n"));
      EXPECT_EQ(client.read_response().body, "served");
    }
  }
}

}  // namespace
}  // namespace outrigger::sidecar::test
