/// How many requests and connections there may be at a Service, and who waits for a place.
#include <gtest/gtest.h>

#include "messages.h"
#include "proxy.h"

namespace outrigger::sidecar::test {
namespace {

using std::chrono::milliseconds;

class Places : public ::testing::Test {
 protected:
  Places() {
    proxy_.options.connect_timeout = std::chrono::seconds(10);
    proxy_.options.policy = model::PolicyKind::round_robin;
  }

  void set() { proxy_.set_endpoints({upstream_.address()}); }
  /// A client that has sent a request, which the proxy has seen.
  Socket asking(const std::string& target) {
    Socket client = proxy_.connect();
    client.send(get(target));
    proxy_.sync();
    return client;
  }
  static void serve(Socket& endpoint, Socket& client, const std::string& target) {
    ASSERT_EQ(endpoint.read_request().target, target);
    endpoint.send(ok(target));
    ASSERT_EQ(client.read_response().body, target);
  }
  static void expect_no_place(Socket& client) {
    const Message response = client.read_response();
    EXPECT_EQ(response.status, 503);
    EXPECT_EQ(response.field("Proxy-Status"), "outrigger; error=connection_limit_reached");
  }

  Listener upstream_;
  Proxy proxy_;
};

TEST_F(Places, AreGivenInTheOrderInWhichRequestsCame) {
  for (const bool by_requests : {true, false}) {
    SCOPED_TRACE(by_requests);
    proxy_.options.max_in_flight = by_requests ? 1 : 0;
    proxy_.options.max_connections = by_requests ? 0 : 1;
    set();
    std::vector<Socket> clients;
    for (int i = 0; i < 6; ++i) clients.push_back(asking("/" + std::to_string(i)));
    Socket endpoint = upstream_.accept();
    for (std::size_t i = 0; i < clients.size(); ++i) {
      serve(endpoint, clients[i], "/" + std::to_string(i));
      EXPECT_FALSE(upstream_.pending());
    }
    endpoint.close();
    proxy_.sync();
  }
}

TEST_F(Places, AreAsManyAsTheLimitSays) {
  proxy_.options.max_in_flight = 3;
  set();
  std::vector<Socket> clients;
  for (int i = 0; i < 5; ++i) clients.push_back(asking("/" + std::to_string(i)));
  std::vector<Socket> endpoints;
  for (int i = 0; i < 3; ++i) endpoints.push_back(upstream_.accept());
  EXPECT_FALSE(upstream_.pending());
  EXPECT_EQ(proxy_.in_flight(upstream_.address()), 3);
  for (std::size_t i = 0; i < 3; ++i) serve(endpoints[i], clients[i], "/" + std::to_string(i));
  proxy_.sync();
  EXPECT_EQ(proxy_.in_flight(upstream_.address()), 2);
  EXPECT_FALSE(upstream_.pending());
}

TEST(PlacesOfWorkers, AreSharesOfTheLimitsAndAtLeastOne) {
  for (const auto& [limit, share] : {std::pair<std::uint32_t, std::size_t>{5, 2}, {1, 1}}) {
    for (const bool by_requests : {true, false}) {
      SCOPED_TRACE(std::to_string(limit) + (by_requests ? " requests" : " connections"));
      Proxy proxy(/*seed=*/1, /*workers=*/3);
      Listener upstream;
      proxy.options.connect_timeout = std::chrono::seconds(10);
      proxy.options.max_in_flight = by_requests ? limit : 0;
      proxy.options.max_connections = by_requests ? 0 : limit;
      proxy.options.max_pending = limit;
      proxy.set_endpoints({upstream.address()});
      std::vector<Socket> clients;
      for (std::size_t i = 0; i < 2 * share + 1; ++i) {
        clients.push_back(proxy.connect());
        clients.back().send(get("/"));
        proxy.sync();
      }
      EXPECT_EQ(clients.back().read_response().status, 503);
      std::vector<Socket> endpoints;
      for (std::size_t i = 0; i < share; ++i) endpoints.push_back(upstream.accept());
      EXPECT_FALSE(upstream.pending());
    }
  }
}

TEST_F(Places, AreNotTakenByAPipelineBeforeThoseWhoWait) {
  proxy_.options.max_in_flight = 1;
  set();
  Socket pipeline = proxy_.connect();
  pipeline.send(get("/1") + get("/3"));
  Socket endpoint = upstream_.accept();
  Socket waiting = asking("/2");
  serve(endpoint, pipeline, "/1");
  serve(endpoint, waiting, "/2");
  serve(endpoint, pipeline, "/3");
}

TEST_F(Places, ThatAreAddedLetInThoseWhoWait) {
  proxy_.options.max_in_flight = 1;
  set();
  std::vector<Socket> clients;
  for (int i = 0; i < 3; ++i) clients.push_back(asking("/" + std::to_string(i)));
  std::vector<Socket> endpoints;
  endpoints.push_back(upstream_.accept());
  EXPECT_FALSE(upstream_.pending());
  proxy_.options.max_in_flight = 0;
  set();
  for (int i = 0; i < 2; ++i) endpoints.push_back(upstream_.accept());
  for (std::size_t i = 0; i < 3; ++i) serve(endpoints[i], clients[i], "/" + std::to_string(i));
}

TEST_F(Places, MayBeWaitedForByAsManyAsTheLimitSays) {
  proxy_.options.max_in_flight = 1;
  proxy_.options.max_pending = 2;
  set();
  Socket first = asking("/1");
  Socket second = asking("/2");
  Socket third = asking("/3");
  Socket fourth = asking("/4");
  expect_no_place(fourth);
  fourth.send(post("/", "and again"));
  expect_no_place(fourth);
  Socket endpoint = upstream_.accept();
  serve(endpoint, first, "/1");
  serve(endpoint, second, "/2");
  serve(endpoint, third, "/3");
  fourth.send(get("/5"));
  serve(endpoint, fourth, "/5");
}

TEST_F(Places, AreWaitedForByNobodyWhereNobodyMay) {
  proxy_.options.max_in_flight = 1;
  proxy_.options.max_pending = 0;
  set();
  Socket first = asking("/1");
  Socket second = asking("/2");
  expect_no_place(second);
  Socket endpoint = upstream_.accept();
  serve(endpoint, first, "/1");
}

TEST_F(Places, AreWaitedForOnlySoLong) {
  proxy_.options.max_in_flight = 1;
  proxy_.options.connect_timeout = milliseconds(50);
  set();
  Socket first = asking("/1");
  Socket endpoint = upstream_.accept();
  const auto since = net::Clock::now();
  Socket second = asking("/2");
  Socket third = asking("/3");
  expect_no_place(second);
  expect_no_place(third);
  EXPECT_GE(net::Clock::now() - since, milliseconds(50));
  serve(endpoint, first, "/1");
  second.send(get("/4"));
  serve(endpoint, second, "/4");
}

/// Whoever has been turned away at the door once does not get his patience anew.
TEST_F(Places, AreWaitedForOnlySoLongHoweverOftenOneSeemsToBeFree) {
  proxy_.options.max_connections = 1;
  proxy_.options.connect_timeout = milliseconds(200);
  set();
  Socket first = asking("/1");
  Socket endpoint = upstream_.accept();
  endpoint.read_request();
  Socket second = asking("/2");
  const auto since = net::Clock::now();
  while (!second.readable_within(milliseconds(10))) {
    ASSERT_LT(net::Clock::now() - since, std::chrono::seconds(10));
    set();  // tells those who wait that there may be a place
  }
  expect_no_place(second);
}

TEST_F(Places, AreWaitedForOnlySoLongAsWasSaidLast) {
  proxy_.options.max_in_flight = 1;
  set();
  Socket first = asking("/1");
  Socket patient = asking("/2");
  proxy_.options.connect_timeout = milliseconds(50);
  set();
  const auto since = net::Clock::now();
  Socket second = asking("/3");
  expect_no_place(second);
  EXPECT_LT(net::Clock::now() - since, std::chrono::seconds(5));
  Socket endpoint = upstream_.accept();
  serve(endpoint, first, "/1");
  serve(endpoint, patient, "/2");
}

TEST_F(Places, AreNotKeptForAClientThatLeavesWhileItWaits) {
  proxy_.options.max_in_flight = 1;
  set();
  Socket first = asking("/1");
  Socket leaving = asking("/2");
  Socket third = asking("/3");
  leaving.reset();
  proxy_.eventually("it has left", [&] { return proxy_.connections() == 2; });
  Socket endpoint = upstream_.accept();
  serve(endpoint, first, "/1");
  serve(endpoint, third, "/3");
  EXPECT_EQ(proxy_.all_requests(), 2u);
}

TEST_F(Places, AreWaitedForByBodiesThatStillArrive) {
  const std::string body = pattern(300'000);
  proxy_.options.max_in_flight = 1;
  set();
  Socket first = asking("/1");
  Socket uploading = proxy_.connect();
  uploading.send("POST / HTTP/1.1\r\nHost: web\r\nContent-Length: 300000\r\n\r\n" + body.substr(0, 1'000));
  proxy_.sync();
  const std::size_t sent = 1'000 + uploading.send_until_stuck(std::string_view(body).substr(1'000), milliseconds(20));
  Socket endpoint = upstream_.accept();
  serve(endpoint, first, "/1");
  uploading.send(std::string_view(body).substr(sent));
  EXPECT_TRUE(endpoint.read_request().body == body);
  endpoint.send(ok("got it"));
  EXPECT_EQ(uploading.read_response().body, "got it");
}

TEST_F(Places, OfConnectionsAreTakenFromIdleOnesOfAnotherEndpoint) {
  Listener other;
  proxy_.options.max_connections = 1;
  proxy_.set_endpoints({upstream_.address(), other.address()});
  Socket client = proxy_.connect();
  client.send(get("/1"));
  const bool upstream_first = upstream_.pending_within(std::chrono::seconds(1));
  Listener& one = upstream_first ? upstream_ : other;
  Listener& two = upstream_first ? other : upstream_;
  Socket idle = one.accept();
  serve(idle, client, "/1");
  client.send(get("/2"));
  Socket next = two.accept();
  EXPECT_TRUE(idle.at_end());
  serve(next, client, "/2");
}

TEST_F(Places, OfConnectionsAreFreeWhenOneEnds) {
  proxy_.options.max_connections = 1;
  set();
  Socket first = asking("/1");
  Socket second = asking("/2");
  Socket third = asking("/3");
  Socket endpoint = upstream_.accept();
  EXPECT_FALSE(upstream_.pending());
  endpoint.read_request();
  endpoint.send(ok("last of this connection", "Connection: close\r\n"));
  EXPECT_EQ(first.read_response().body, "last of this connection");
  Socket next = upstream_.accept();
  serve(next, second, "/2");
  serve(next, third, "/3");
}

/// Twenty connections that are always busy: each ends after an answer, once it is too old.
TEST_F(Places, OfConnectionsMadeTogetherAreNotGivenUpTogether) {
  constexpr std::size_t kConnections = 20;
  proxy_.options.max_connection_age = milliseconds(2'000);
  set();
  std::vector<Socket> clients;
  std::vector<Socket> endpoints;
  for (std::size_t i = 0; i < kConnections; ++i) {
    clients.push_back(asking("/"));
    endpoints.push_back(upstream_.accept());
  }
  const auto since = net::Clock::now();
  int rounds_with_an_end = 0;
  while (!endpoints.empty()) {
    ASSERT_LT(net::Clock::now() - since, std::chrono::seconds(15));
    const std::size_t before = endpoints.size();
    std::erase_if(endpoints, [&](Socket& endpoint) {
      if (endpoint.read_request().whole) {
        endpoint.send(ok("answer"));
        return false;
      }
      // Found too old while it was idle: there is another for its request.
      Socket another = upstream_.accept();
      another.read_request();
      another.send(ok("answer", "Connection: close\r\n"));
      return true;
    });
    for (Socket& client : clients) EXPECT_EQ(client.read_response().body, "answer");
    proxy_.sync();
    std::erase_if(endpoints, [](Socket& endpoint) { return endpoint.readable_within({}) && endpoint.at_end(); });
    if (endpoints.size() < before) {
      EXPECT_GE(net::Clock::now() - since, milliseconds(1'800));
      ++rounds_with_an_end;
    }
    while (clients.size() > endpoints.size()) clients.pop_back();
    for (Socket& client : clients) client.send(get("/"));
  }
  EXPECT_GE(rounds_with_an_end, 3);
  EXPECT_EQ(proxy_.all_requests(), proxy_.requests(200));
}

}  // namespace
}  // namespace outrigger::sidecar::test
