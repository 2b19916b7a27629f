/// A pod that dials Services its sidecar was never told of: an operator that reads manifests, a sidecar, and redirected
/// clients.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <csignal>
#include <optional>

#include "fakes/certificates.h"
#include "fakes/sockets.h"
#include "integration/eventually.h"
#include "integration/metrics_text.h"
#include "integration/programs.h"
#include "integration/redirection.h"
#include "net/socket.h"

namespace outrigger::integration {
namespace {

using fakes::Listener;
using fakes::Socket;

class OnDemand : public ::testing::Test {
 protected:
  OnDemand() { write_certificates(folder_); }

  /// A TCP Service on 127.8.8.8 with that listener as its endpoint.
  void put_service(const std::string& name, std::uint16_t port, const Listener& endpoint) const {
    const std::string text = fmt::format(R"(apiVersion: v1
kind: Service
metadata: {{name: {0}, namespace: shop}}
spec: {{clusterIP: 127.8.8.8, ports: [{{port: {1}, appProtocol: tcp}}]}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {{name: {0}-1, namespace: shop, labels: {{kubernetes.io/service-name: {0}}}}}
addressType: IPv4
ports: [{{port: {2}}}]
endpoints: [{{addresses: [127.0.0.1]}}]
)",
                                         name, port, endpoint.port());
    // As an editor does it, so that it is never read half.
    std::filesystem::rename(manifests_.write(name + ".new", text), manifests_.path() / (name + ".yaml"));
  }
  void start_operator() {
    operator_.emplace(manifests_, folder_, feed_address_);
    feed_address_ = operator_->feed_address();
  }
  /// Answers are waited for, however slow the machine is, unless there will be none.
  void start_sidecar(const std::string& unused_after = "10m", const std::string& lookup_timeout = "10s") {
    sidecar_.emplace(folder_.write("sidecar.yaml", fmt::format(R"(admin: 127.0.0.1:0
workers: 2
listeners:
  - {{name: outbound, address: "[::]:0", transparent: true}}
  - {{name: hosts, address: 127.0.0.1:0, byHost: shop}}
operator: {{address: "https://{}", ca: ca.crt, cert: sidecar.crt, key: sidecar.key, snapshot: snapshot,
            unusedAfter: {}, lookupTimeout: {}}}
)",
                                                               feed_address_, unused_after, lookup_timeout)));
    redirection_.emplace(net::SocketAddress::parse(sidecar_->address("outbound"))->port());
  }
  void stop_sidecar() {
    redirection_.reset();
    sidecar_.reset();
  }

  /// A connection there reaches that listener.
  void expect_reaches(const std::string& destination, Listener& listener) const {
    Socket client = Redirection::connect(destination);
    Socket served = listener.accept();
    served.send("hello");
    EXPECT_EQ(client.read_bytes(5), "hello");
  }
  /// A request for that host reaches that listener.
  void expect_host_reaches(const std::string& host, Listener& listener) {
    Socket client = ask_host(host);
    Socket served = listener.accept();
    EXPECT_EQ(served.read_request().field("Host"), host);
    served.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    EXPECT_EQ(client.read_response().body, "hello");
  }
  Socket ask_host(const std::string& host) {
    Socket client = Socket::connect(net::SocketAddress::parse(sidecar_->address("hosts"))->port());
    client.send("GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
    return client;
  }
  double metric_of(const std::string& name) { return metric(sidecar_->metrics(), name).value_or(-1); }
  bool knows(const std::string& service) { return !sidecar_->backends(service).empty(); }

  fakes::TemporaryFolder folder_;
  fakes::TemporaryFolder manifests_;
  Listener a_;
  Listener b_;
  std::string feed_address_ = "127.0.0.1:0";
  std::optional<Operator> operator_;
  std::optional<Sidecar> sidecar_;
  std::optional<Redirection> redirection_;
};

TEST_F(OnDemand, TheFirstConnectionToAServiceIsBalanced) {
  put_service("db", 5432, a_);
  put_service("cache", 6379, b_);
  start_operator();
  start_sidecar();
  expect_reaches("127.8.8.8:5432", a_);
  EXPECT_TRUE(knows("shop/db:5432"));
  EXPECT_FALSE(knows("shop/cache:6379")) << "nobody has dialled it";
  expect_reaches("127.8.8.8:6379", b_);
  EXPECT_EQ(metric_of("outrigger_passthrough_connections_total"), 0);
  EXPECT_EQ(metric_of("outrigger_unanswered_destinations_total"), 0);
}

TEST_F(OnDemand, WhatIsNoServiceIsPassedThroughUntilItIsOne) {
  put_service("other", 1, b_);
  start_operator();
  start_sidecar();
  const net::FileDescriptor outside = *net::listen_on(*net::SocketAddress::parse("127.8.8.8:0"), false);
  const std::string address = net::local_address(outside.get())->text();
  for (int i = 0; i < 3; ++i) {
    Socket client = Redirection::connect(address);
    ASSERT_TRUE(eventually([&] { return metric_of("outrigger_passthrough_connections_total") == i + 1; }));
  }
  EXPECT_EQ(metric_of("outrigger_unanswered_destinations_total"), 0);
  put_service("web", net::local_address(outside.get())->port(), a_);
  ASSERT_TRUE(eventually([&] { return knows("shop/web:" + address.substr(address.rfind(':') + 1)); }));
  expect_reaches(address, a_);
}

TEST_F(OnDemand, WithoutAnOperatorConnectionsGoWhereTheyWereGoing) {
  // Nobody listens there, or nobody answers.
  const net::FileDescriptor silent = *net::listen_on(*net::SocketAddress::parse("127.0.0.1:0"), false);
  for (const std::string& feed : {std::string("127.0.0.1:1"), net::local_address(silent.get())->text()}) {
    SCOPED_TRACE(feed);
    feed_address_ = feed;
    start_sidecar("10m", "50ms");
    expect_reaches(a_.address(), a_);
    expect_reaches(a_.address(), a_);
    EXPECT_EQ(metric_of("outrigger_passthrough_connections_total"), 2);
    stop_sidecar();
  }
}

TEST_F(OnDemand, WhatWasUsedIsServedFromTheSnapshotAfterARestart) {
  put_service("db", 5432, a_);
  start_operator();
  start_sidecar();
  expect_reaches("127.8.8.8:5432", a_);
  stop_sidecar();
  operator_->kill();
  operator_.reset();
  start_sidecar();
  expect_reaches("127.8.8.8:5432", a_);
  // And it is followed again.
  put_service("db", 5432, b_);
  start_operator();
  ASSERT_TRUE(eventually([&] {
    const auto backends = sidecar_->backends("shop/db:5432");
    return backends.size() == 1 && backends[0].at("address") == b_.address();
  }));
}

TEST_F(OnDemand, WhatIsUnusedIsNotSubscribedToAnyMoreButWhatIsHeldIs) {
  put_service("db", 5432, a_);
  put_service("cache", 6379, b_);
  start_operator();
  start_sidecar("1s");
  Socket held = Redirection::connect("127.8.8.8:5432");
  Socket served = a_.accept();
  expect_reaches("127.8.8.8:6379", b_);
  ASSERT_TRUE(eventually([&] { return !knows("shop/cache:6379"); }));
  EXPECT_TRUE(knows("shop/db:5432"));
  served.send("still");
  EXPECT_EQ(held.read_bytes(5), "still");
  // What comes back is found again.
  expect_reaches("127.8.8.8:6379", b_);
  EXPECT_EQ(metric_of("outrigger_passthrough_connections_total"), 0);
  held.close();
  served.close();
  ASSERT_TRUE(eventually([&] { return !knows("shop/db:5432"); }));
}

TEST_F(OnDemand, ARequestGoesToTheServiceThatItsHostNames) {
  put_service("db", 5432, a_);
  start_operator();
  start_sidecar();
  expect_host_reaches("db:5432", a_);
  expect_host_reaches("db.shop.svc.cluster.local:5432", a_);
  EXPECT_EQ(ask_host("cache.shop:6379").read_response().status, 502);
  EXPECT_FALSE(knows("shop/cache:6379"));
  put_service("cache", 6379, b_);
  ASSERT_TRUE(eventually([&] { return knows("shop/cache:6379"); }));
  expect_host_reaches("cache.shop:6379", b_);
  stop_sidecar();
  operator_->kill();
  operator_.reset();
  start_sidecar();
  expect_host_reaches("db:5432", a_);
  EXPECT_EQ(ask_host("new.shop").read_response().status, 503) << "nobody knows";
}

}  // namespace
}  // namespace outrigger::integration
