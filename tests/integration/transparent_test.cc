/// The sidecar behind a redirection, in the tests' network namespace: what a client marks is redirected, so what the
/// sidecar dials itself is not.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <optional>
#include <set>

#include "fakes/certificates.h"
#include "fakes/sockets.h"
#include "integration/eventually.h"
#include "integration/metrics_text.h"
#include "integration/programs.h"
#include "integration/redirection.h"
#include "net/socket.h"
#include "sidecar/messages.h"

namespace outrigger::integration {
namespace {

using fakes::Listener;
using fakes::Socket;
using sidecar::test::get;
using sidecar::test::ok;

net::SocketAddress address(const std::string& text) {
  auto parsed = net::SocketAddress::parse(text);
  if (!parsed) throw std::runtime_error(parsed.error().text);
  return *parsed;
}

/// Listens on a free port of that IP.
net::FileDescriptor listen_on(const std::string& ip) {
  auto fd = net::listen_on(address(ip + ":0"), /*reuse_port=*/false);
  if (!fd) throw std::runtime_error(fd.error().text);
  return std::move(*fd);
}
std::string text_of(const net::FileDescriptor& listener) { return net::local_address(listener.get())->text(); }

Socket accept(const net::FileDescriptor& listener) {
  pollfd waiting{.fd = listener.get(), .events = POLLIN, .revents = 0};
  if (::poll(&waiting, 1, 20'000) != 1) fakes::give_up("a connection to " + text_of(listener));
  return Socket(net::accept_on(listener.get()));
}

class Transparent : public ::testing::Test {
 protected:
  Transparent() {
    const std::string text = fmt::format(R"(admin: 127.0.0.1:0
workers: 1
listeners:
  - {{name: outbound, address: "[::]:0", transparent: true}}
services:
  - name: shop/web:80
    policy: round-robin
    clusterAddresses: ["127.8.8.8:80", "[::1]:80"]
    endpoints: [{{address: {0}}}, {{address: {1}}}]
  - name: shop/db:5432
    protocol: tcp
    policy: round-robin
    clusterAddresses: ["127.8.8.8:5432", "[::1]:5432"]
    endpoints: [{{address: {0}}}, {{address: {1}}}]
)",
                                         a_.address(), b_.address());
    sidecar_ = std::make_unique<Sidecar>(folder_.write("sidecar.yaml", text));
    outbound_ = sidecar_->address("outbound");
    redirection_.emplace(address(outbound_).port());
  }

  static Socket connect_redirected(const std::string& destination) { return Redirection::connect(destination); }
  double passed_through() {
    return metric(sidecar_->metrics(), "outrigger_passthrough_connections_total").value_or(-1);
  }

  fakes::TemporaryFolder folder_;
  Listener a_;
  Listener b_;
  std::unique_ptr<Sidecar> sidecar_;
  std::string outbound_;
  std::optional<Redirection> redirection_;
};

TEST_F(Transparent, BalancesRequestsToAKnownAddress) {
  for (const char* destination : {"127.8.8.8:80", "[::1]:80"}) {
    SCOPED_TRACE(destination);
    Socket client = connect_redirected(destination);
    // On one connection, to both endpoints in turn.
    std::set<std::string> answered;
    for (int i = 0; i < 2; ++i) {
      client.send(get(fmt::format("/{}", i)));
      ASSERT_TRUE(eventually([&] { return a_.pending() || b_.pending(); }));
      Listener& next = a_.pending() ? a_ : b_;
      Socket endpoint = next.accept();
      EXPECT_EQ(endpoint.read_request().target, fmt::format("/{}", i));
      endpoint.send(ok(next.address(), "Connection: close\r\n"));
      answered.insert(client.read_response().body);
    }
    EXPECT_EQ(answered, (std::set<std::string>{a_.address(), b_.address()}));
  }
  EXPECT_EQ(passed_through(), 0);
}

TEST_F(Transparent, BalancesConnectionsToAKnownAddressOfATcpService) {
  for (const char* destination : {"127.8.8.8:5432", "[::1]:5432"}) {
    SCOPED_TRACE(destination);
    Socket one = connect_redirected(destination);
    Socket other = connect_redirected(destination);
    Socket at_a = a_.accept();
    Socket at_b = b_.accept();
    for (Socket* const endpoint : {&at_a, &at_b}) endpoint->send("ready");
    for (Socket* const client : {&one, &other}) EXPECT_EQ(client->read_bytes(5), "ready");
  }
  EXPECT_EQ(passed_through(), 0);
}

TEST_F(Transparent, PassesWhatItDoesNotKnowStraightThrough) {
  int passed = 0;
  // An address outside, IPv4 and IPv6, and a pod's own.
  for (const char* ip : {"127.7.7.7", "[::1]", "10.77.3.4"}) {
    SCOPED_TRACE(ip);
    const net::FileDescriptor listener = listen_on(ip);
    Socket client = connect_redirected(text_of(listener));
    Socket server = accept(listener);
    server.send("server first");
    EXPECT_EQ(client.read_bytes(12), "server first");
    const std::string request = get("/", "connection:  keep-alive\r\n");
    client.send(request);
    client.half_close();
    EXPECT_EQ(server.read_to_end(), request);
    server.send("after the half-close");
    server.close();
    EXPECT_EQ(client.read_to_end(), "after the half-close");
    EXPECT_FALSE(client.was_reset());
    EXPECT_EQ(passed_through(), ++passed);
  }
}

TEST_F(Transparent, ResetsTheClientWhereNobodyListens) {
  std::string nowhere;
  {
    const net::FileDescriptor listener = listen_on("127.7.7.7");
    nowhere = text_of(listener);
  }
  Socket client = connect_redirected(nowhere);
  EXPECT_TRUE(client.at_end());
  EXPECT_TRUE(client.was_reset());
}

TEST_F(Transparent, NeverConnectsToItself) {
  const std::string port = std::to_string(address(outbound_).port());
  for (const std::string& destination : {"127.0.0.1:" + port, "[::1]:" + port, "10.77.0.1:" + port}) {
    SCOPED_TRACE(destination);
    EXPECT_TRUE(connect_straight(destination).at_end());
    EXPECT_TRUE(connect_redirected(destination).at_end());
  }
  EXPECT_EQ(passed_through(), 0);
  EXPECT_TRUE(sidecar_->program().logged("a connection that would lead back to this sidecar is closed"));
  // And it goes on serving.
  Socket client = connect_redirected("127.8.8.8:5432");
  ASSERT_TRUE(eventually([&] { return a_.pending() || b_.pending(); }));
  (a_.pending() ? a_ : b_).accept().close();
  EXPECT_TRUE(client.at_end());
}

}  // namespace
}  // namespace outrigger::integration
