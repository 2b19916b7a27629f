/// Sets that change: which endpoint is taken, what stays of it, what is counted.
#include <gtest/gtest.h>

#include <array>

#include "messages.h"
#include "proxy.h"
#include "sidecar/routing_table.h"

namespace outrigger::sidecar::test {
namespace {

std::shared_ptr<const feed::FullSet> set_of(const model::ServicePort& service, std::vector<std::string> addresses) {
  model::EndpointSet set{.service = service, .options = {}, .rules = model::own_cluster_rule(service), .endpoints = {}};
  for (const std::string& address : addresses) set.endpoints.push_back(endpoint(address));
  return std::make_shared<const feed::FullSet>(feed::FullSet{"v", std::move(set)});
}

TEST(TableBuilder, KeepsTheCellsOfWhatStaysAndEndsThoseOfWhatGoes) {
  TableBuilder builder(2);
  EXPECT_TRUE(builder.current()->empty());
  const auto first = builder.build({{kWeb, set_of(kWeb, {"10.0.0.1:80", "10.0.0.2:80"})}});
  EXPECT_EQ(first, builder.current());
  const auto& before = first->at(kWeb);
  ASSERT_EQ(before.backends.size(), 2u);
  EXPECT_EQ(before.backends[0]->cells.size(), 2u);
  EXPECT_EQ(before.metrics->cells.size(), 2u);

  const auto second = builder.build({{kWeb, set_of(kWeb, {"10.0.0.0:80", "10.0.0.2:80"})}});
  const auto& after = second->at(kWeb);
  EXPECT_EQ(after.metrics, before.metrics);
  EXPECT_NE(after.backends[0], before.backends[0]);
  EXPECT_EQ(after.backends[1], before.backends[1]);

  const auto third = builder.build({{kWeb, set_of(kWeb, {"10.0.0.1:80"})}});
  EXPECT_NE(third->at(kWeb).backends[0], before.backends[0]) << "a backend that comes back begins anew";
}

TEST(TableBuilder, GoesOnCountingForAServiceThatComesBack) {
  TableBuilder builder(1);
  const auto metrics = builder.build({{kWeb, set_of(kWeb, {"10.0.0.1:80"})}})->at(kWeb).metrics;
  EXPECT_TRUE(builder.build({})->empty());
  EXPECT_EQ(builder.build({{kWeb, nullptr}})->at(kWeb).metrics, metrics);
  EXPECT_TRUE(builder.current()->at(kWeb).backends.empty());
  EXPECT_EQ(builder.build({{kWeb, set_of(kWeb, {})}})->at(kWeb).metrics, metrics);
}

/// Three endpoints whose connections are kept between requests.
class Sets : public ::testing::Test {
 protected:
  /// Which endpoint got the request that has been sent: 0, 1 or 2.
  std::size_t serve_one() {
    const auto deadline = net::Clock::now() + std::chrono::seconds(20);
    for (;;) {
      if (net::Clock::now() > deadline) give_up("a request at some endpoint");
      for (std::size_t i = 0; i < listeners_.size(); ++i) {
        while (listeners_[i].pending()) endpoints_[i].push_back(listeners_[i].accept());
        for (Socket& endpoint : endpoints_[i]) {
          if (!endpoint.readable_within({})) continue;
          if (endpoint.read_request().target.empty()) continue;
          endpoint.send(ok(std::to_string(i)));
          return i;
        }
      }
    }
  }
  std::size_t request(Socket& client) {
    client.send(get("/"));
    const std::size_t served = serve_one();
    EXPECT_EQ(client.read_response().body, std::to_string(served));
    return served;
  }
  std::string address(std::size_t i) const { return listeners_[i].address(); }

  std::array<Listener, 3> listeners_;
  std::array<std::vector<Socket>, 3> endpoints_;
  Proxy proxy_;
};

TEST_F(Sets, ShareRequestsByWeightExactly) {
  proxy_.options.policy = model::PolicyKind::weighted_round_robin;
  proxy_.set({endpoint(address(0), 5), endpoint(address(1), 3), endpoint(address(2), 1)});
  Socket client = proxy_.connect();
  std::array<int, 3> served{};
  for (int i = 0; i < 900; ++i) ++served[request(client)];
  EXPECT_EQ(served, (std::array<int, 3>{500, 300, 100}));
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(endpoints_[i].size(), 1u);
    EXPECT_EQ(proxy_.outcomes(address(i), Outcome::success), static_cast<std::uint64_t>(served[i]));
    EXPECT_EQ(proxy_.in_flight(address(i)), 0);
  }
  EXPECT_EQ(proxy_.requests(200), 900u);
}

TEST_F(Sets, ShowPanicOnceHealthChecksFindMostOfThemUnwell) {
  proxy_.set_endpoints({address(0), address(1), address(2)});
  const auto found = [&](std::size_t i, bool well) {
    proxy_.worker().set_probed(kWeb, address(i), well);
    proxy_.sync();
  };
  found(0, false);
  EXPECT_FALSE(proxy_.in_panic());
  found(1, false);
  EXPECT_TRUE(proxy_.in_panic());
  found(0, true);
  EXPECT_FALSE(proxy_.in_panic());
}

TEST_F(Sets, LetARemovedEndpointFinishAndNeverReuseItsConnection) {
  proxy_.set_endpoints({address(0)});
  Socket client = proxy_.connect();
  client.send(get("/long"));
  Socket leaving = listeners_[0].accept();
  leaving.read_request();
  proxy_.set_endpoints({address(1)});
  EXPECT_EQ(proxy_.in_flight(address(0)), 1);
  leaving.send(ok("finished"));
  EXPECT_EQ(client.read_response().body, "finished");
  EXPECT_TRUE(leaving.at_end());
  EXPECT_EQ(proxy_.in_flight(address(0)), 0);
  EXPECT_EQ(proxy_.outcomes(address(0), Outcome::success), 1u);
  EXPECT_EQ(request(client), 1u);

  proxy_.set_endpoints({address(0)});
  EXPECT_EQ(request(client), 0u);
  EXPECT_TRUE(endpoints_[1].front().at_end()) << "idle connections of a removed endpoint are closed";
}

TEST_F(Sets, KeepCountingAnEndpointThatReturnsWithARequestInFlight) {
  proxy_.set_endpoints({address(0)});
  Socket client = proxy_.connect();
  client.send(get("/long"));
  Socket endpoint = listeners_[0].accept();
  endpoint.read_request();
  proxy_.set_endpoints({});
  proxy_.set_endpoints({address(0)});
  EXPECT_EQ(proxy_.in_flight(address(0)), 1);
  endpoint.send(ok("finished"));
  EXPECT_EQ(client.read_response().body, "finished");
  EXPECT_EQ(proxy_.in_flight(address(0)), 0);
}

TEST_F(Sets, SendNothingNewToADrainingEndpointWhileThereAreOthers) {
  proxy_.set_endpoints({address(0), address(1)});
  Socket client = proxy_.connect();
  client.send(get("/"));
  std::size_t busy = 0;
  while (!listeners_[0].pending() && !listeners_[1].pending()) proxy_.sync();
  if (listeners_[1].pending()) busy = 1;
  Socket open = listeners_[busy].accept();
  open.read_request();

  auto draining = endpoint(address(busy));
  draining.draining = true;
  proxy_.set({draining, endpoint(address(1 - busy))});
  Socket another = proxy_.connect();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(request(another), 1 - busy);
  open.send(ok("drained"));
  EXPECT_EQ(client.read_response().body, "drained");

  proxy_.set({draining});
  client.send(get("/"));
  EXPECT_EQ(open.read_request().target, "/");
}

TEST_F(Sets, ChangeUnderAUploadAndADownload) {
  proxy_.set_endpoints({address(0)});
  const std::string body = pattern(4 << 20);
  const std::string request = post("/", body);
  const std::string response = ok(body);
  Socket client = proxy_.connect();
  client.send(std::string_view(request).substr(0, 1 << 20));
  Socket endpoint = listeners_[0].accept();
  proxy_.set_endpoints({address(1)});
  proxy_.forget(kWeb);
  std::thread sender([&] { client.send(std::string_view(request).substr(1 << 20)); });
  EXPECT_TRUE(endpoint.read_request().body == body);
  sender.join();
  std::thread answerer([&] { endpoint.send(response); });
  EXPECT_TRUE(client.read_response().body == body);
  answerer.join();
  client.send(get("/"));
  EXPECT_EQ(client.read_response().status, 503);
}

TEST_F(Sets, SplitARulesRequestsOverItsClusters) {
  const model::ServicePort canary{{"shop", "web-canary"}, 80};
  proxy_.set({.service = canary,
              .options = {},
              .rules = model::own_cluster_rule(canary),
              .endpoints = {endpoint(address(1))}});
  proxy_.set({.service = kWeb,
              .options = {},
              .rules = {{.path_prefix = "/admin", .clusters = {{canary, 1}}},
                        {.path_prefix = "/", .clusters = {{kWeb, 9}, {canary, 1}}}},
              .endpoints = {endpoint(address(0))}});
  Socket client = proxy_.connect();
  std::array<int, 3> served{};
  for (int i = 0; i < 100; ++i) ++served[request(client)];
  EXPECT_EQ(served, (std::array<int, 3>{90, 10, 0}));
  client.send(get("/admin/x"));
  EXPECT_EQ(serve_one(), 1u);
  EXPECT_EQ(proxy_.requests(200, canary), 0u) << "answers are counted where they were asked for";
}

TEST_F(Sets, FollowAListenerThatTurnsToAnotherService) {
  const model::ServicePort other{{"shop", "other"}, 80};
  proxy_.set_endpoints({address(0)});
  proxy_.set(
      {.service = other, .options = {}, .rules = model::own_cluster_rule(other), .endpoints = {endpoint(address(1))}});
  Socket kept = proxy_.connect();
  EXPECT_EQ(request(kept), 0u);
  kept.send(get("/long"));
  proxy_.sync();
  proxy_.turn(other);
  proxy_.forget(kWeb);
  EXPECT_EQ(serve_one(), 0u);
  EXPECT_EQ(kept.read_response().body, "0");
  Socket fresh = proxy_.connect();
  EXPECT_EQ(request(fresh), 1u);
  EXPECT_EQ(request(kept), 1u) << "the service it was opened for is gone";
}

TEST_F(Sets, CarryTwoThousandConnectionsAtOnce) {
  constexpr int kClients = 2'000;
  proxy_.set_endpoints({address(0), address(1), address(2)});
  std::vector<Socket> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.push_back(proxy_.connect());
    clients.back().send(get("/" + std::to_string(i)));
  }
  std::vector<Socket> endpoints;
  while (endpoints.size() < kClients) {
    for (Listener& listener : listeners_) {
      while (listener.pending()) endpoints.push_back(listener.accept());
    }
  }
  EXPECT_EQ(proxy_.connections(), kClients);
  EXPECT_EQ(proxy_.in_flight(address(0)) + proxy_.in_flight(address(1)) + proxy_.in_flight(address(2)), kClients);
  for (Socket& endpoint : endpoints) {
    const Message request = endpoint.read_request();
    endpoint.send(ok(request.target));
  }
  for (std::size_t i = 0; i < clients.size(); ++i) {
    ASSERT_EQ(clients[i].read_response().body, "/" + std::to_string(i));
  }
  EXPECT_EQ(proxy_.requests(200), static_cast<std::uint64_t>(kClients));
  clients.clear();
  proxy_.eventually("all are gone", [&] { return proxy_.connections() == 0; });
}

}  // namespace
}  // namespace outrigger::sidecar::test
