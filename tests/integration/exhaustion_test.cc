/// More clients than the sidecar may have descriptors, or patience.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "fakes/certificates.h"
#include "fakes/sockets.h"
#include "integration/backend.h"
#include "integration/http_connection.h"
#include "integration/memory.h"
#include "integration/metrics_text.h"
#include "integration/program.h"
#include "net/signal_watch.h"
#include "sidecar/messages.h"

namespace outrigger::integration {
namespace {

using fakes::Socket;
using sidecar::test::get;

/// A sidecar with that many descriptors, and three services of one backend each.
class Exhaustion : public ::testing::Test {
 protected:
  void start(std::size_t descriptors, const std::string& more = "", int workers = 1) {
    std::string text = fmt::format("admin: 127.0.0.1:0\nworkers: {}\n{}listeners:\n", workers, more);
    for (const char* name : {"a", "b", "c"}) {
      text += fmt::format("  - {{name: {0}, address: 127.0.0.1:0, protocol: http, service: shop/{0}:80}}\n", name);
    }
    text += "services:\n";
    for (const Backend* const backend : {&a_, &b_, &c_}) {
      text +=
          fmt::format("  - {{name: shop/{}:80, endpoints: [{{address: {}}}]}}\n", backend->name(), backend->address());
    }
    const std::string limit = fmt::format("--nofile={0}:{0}", descriptors);
    sidecar_.emplace(
        std::vector<std::string>{"prlimit", limit, OUTRIGGER_SIDECAR, "--config", folder_.write("sidecar.yaml", text)});
  }
  Socket connect(const std::string& listener) {
    const std::string address = sidecar_->address("listener", listener);
    return Socket::connect(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
  }
  std::vector<Socket> connect(const std::string& listener, std::size_t count) {
    std::vector<Socket> clients;
    for (std::size_t i = 0; i < count; ++i) clients.push_back(connect(listener));
    return clients;
  }
  static void expect_served(Socket& client) {
    client.send(get("/"));
    EXPECT_EQ(client.read_response().status, 200);
  }
  /// All at the same time, so that each has a connection to the endpoint.
  static void expect_served_at_once(std::vector<Socket>& clients, Backend& backend) {
    const std::uint64_t before = backend.requests();
    backend.hold();
    for (Socket& client : clients) client.send(get("/"));
    EXPECT_TRUE(eventually([&] { return backend.requests() == before + clients.size(); }));
    backend.release();
    for (Socket& client : clients) EXPECT_EQ(client.read_response().status, 200);
  }
  double active() {
    return metric(http_get(sidecar_->address("admin"), "/metrics"), "outrigger_connections_active").value_or(-1);
  }

  fakes::TemporaryFolder folder_;
  Backend a_{"a", "127.0.0.1:0"};
  Backend b_{"b", "127.0.0.1:0"};
  Backend c_{"c", "127.0.0.1:0"};
  std::optional<Program> sidecar_;
};

TEST_F(Exhaustion, OfDescriptorsStopsTheAcceptingAndNothingElse) {
  start(256);
  std::vector<Socket> served = connect("a", 40);
  for (Socket& client : served) expect_served(client);
  {
    const std::vector<Socket> flood = connect("a", 400);
    EXPECT_TRUE(eventually([&] { return active() > 128; }));
    expect_served_at_once(served, a_);
    EXPECT_LE(active(), 192);
  }
  Socket after = connect("a");
  expect_served(after);
  for (Socket& client : served) expect_served(client);
  EXPECT_TRUE(eventually([&] { return active() == 41; }));
}

TEST_F(Exhaustion, ByIdleConnectionsToEndpointsMakesRoomForOthers) {
  start(256);
  for (Backend* const backend : {&a_, &b_, &c_, &a_}) {
    std::vector<Socket> clients = connect(backend->name(), 80);
    expect_served_at_once(clients, *backend);
  }
}

TEST_F(Exhaustion, OfTheLimitOfConnectionsStopsTheAccepting) {
  start(256, "limits: {connections: 2}\n");
  std::vector<Socket> served = connect("a", 2);
  for (Socket& client : served) expect_served(client);
  Socket third = connect("a");
  third.send(get("/"));
  EXPECT_FALSE(third.readable_within(std::chrono::milliseconds(200)));
  expect_served(served.front());
  served.pop_back();
  EXPECT_EQ(third.read_response().status, 200);
}

TEST_F(Exhaustion, OfTheLimitOfConnectionsIsDividedByTheWorkers) {
  start(256, "limits: {connections: 4}\n", 2);
  // The kernel gives each worker some twenty of them.
  std::vector<Socket> waiting = connect("a", 40);
  for (Socket& client : waiting) client.send(get("/"));
  std::vector<Socket> served;
  const auto read_answers = [&] {
    for (auto client = waiting.begin(); client != waiting.end();) {
      if (!client->readable_within(std::chrono::milliseconds(0))) {
        ++client;
        continue;
      }
      EXPECT_EQ(client->read_response().status, 200);
      served.push_back(std::move(*client));
      client = waiting.erase(client);
    }
    return served.size();
  };
  ASSERT_TRUE(eventually([&] { return read_answers() == 4 && active() == 4; }));
  EXPECT_FALSE(eventually([&] { return read_answers() > 4; }, std::chrono::milliseconds(200)));
  EXPECT_EQ(active(), 4);
  while (!waiting.empty()) {
    served.clear();
    ASSERT_TRUE(eventually([&] { return read_answers() > 0; })) << waiting.size() << " wait";
  }
}

TEST_F(Exhaustion, ByTricklingClientsEndsAfterTheHeadTimeout) {
  constexpr std::size_t kClients = kSanitized ? 500 : 10'000;
  net::raise_descriptor_limit();
  start(net::descriptor_limit(), "http: {headTimeout: 1s}\n");
  Socket other = connect("a");
  expect_served(other);
  // Once to warm up: an allocator keeps what it once had, but not twice as much.
  std::size_t rss_kib = 0;
  for (int round = 0; round < 2; ++round) {
    std::vector<Socket> slow = connect("a", kClients);
    for (Socket& client : slow) client.send("G");
    expect_served(other);
    for (Socket& client : slow) ASSERT_EQ(client.read_response().status, 408);
    expect_served(other);
    slow.clear();
    EXPECT_TRUE(eventually([&] { return active() == 1; }));
    const std::size_t now_kib = rss_kib_of(OUTRIGGER_SIDECAR);
    RecordProperty("rss_kib_after_round_" + std::to_string(round), static_cast<int>(now_kib));
    if (round == 0) {
      rss_kib = now_kib;
    } else if (!kSanitized) {
      EXPECT_LT(now_kib, rss_kib + 1'024);
    }
  }
}

}  // namespace
}  // namespace outrigger::integration
