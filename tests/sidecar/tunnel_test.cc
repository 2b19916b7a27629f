/// Connections that are balanced as a whole.
#include <gtest/gtest.h>
#include <malloc.h>

#include <future>
#include <thread>

#include "messages.h"
#include "net/signal_watch.h"
#include "proxy.h"

namespace outrigger::sidecar::test {
namespace {

using std::chrono::milliseconds;

constexpr auto kQuiet = milliseconds(200);

class Tunnels : public ::testing::Test {
 protected:
  Tunnels() { port_ = proxy_.listen("tcp", kWeb, ListenerProtocol::tcp); }

  /// The first of them is preferred.
  void set(const std::vector<std::string>& addresses) {
    std::vector<model::Endpoint> endpoints;
    for (const std::string& address : addresses) {
      endpoints.push_back(endpoint(address));
      endpoints.back().tier = static_cast<std::uint32_t>(endpoints.size() - 1);
    }
    proxy_.set(std::move(endpoints));
  }
  void set_a() { set({a_.address()}); }
  Socket connect() { return Socket::connect(port_); }
  /// Of a connection that ends so early that making it seems to fail.
  void expect_reset() {
    Socket client(std::move(*net::start_connect(*net::SocketAddress::parse("127.0.0.1:" + std::to_string(port_)))));
    EXPECT_TRUE(client.at_end());
    EXPECT_TRUE(client.was_reset());
  }
  /// Bytes go both ways.
  static void expect_open(Socket& client, Socket& endpoint) {
    client.send("there");
    EXPECT_EQ(endpoint.read_bytes(5), "there");
    endpoint.send("back");
    EXPECT_EQ(client.read_bytes(4), "back");
  }
  void expect_outcome(Outcome outcome) {
    proxy_.eventually("the tunnel's end", [&] { return proxy_.connections() == 0; });
    EXPECT_EQ(proxy_.outcomes(a_.address(), outcome), 1u);
    EXPECT_EQ(proxy_.all_outcomes(a_.address()), 1u);
    EXPECT_EQ(proxy_.in_flight(a_.address()), 0);
  }

  Listener a_;
  Listener b_;
  Proxy proxy_;
  std::uint16_t port_ = 0;
};

TEST_F(Tunnels, AreBalancedByConnectionAndWeight) {
  proxy_.options.policy = model::PolicyKind::weighted_round_robin;
  proxy_.set({endpoint(a_.address(), 3), endpoint(b_.address(), 1)});
  std::vector<Socket> clients;
  for (int i = 0; i < 8; ++i) clients.push_back(connect());
  proxy_.eventually("eight tunnels", [&] { return proxy_.connections() == 8; });
  EXPECT_EQ(proxy_.in_flight(a_.address()), 6);
  EXPECT_EQ(proxy_.in_flight(b_.address()), 2);
}

TEST_F(Tunnels, LetTheEndpointSpeakFirst) {
  set_a();
  Socket client = connect();
  Socket endpoint = a_.accept();
  endpoint.send("220 welcome\r\n");
  EXPECT_EQ(client.read_bytes(13), "220 welcome\r\n");
  expect_open(client, endpoint);
}

TEST_F(Tunnels, ChangeNoByteOfWhatLooksLikeHttp) {
  set_a();
  Socket client = connect();
  Socket endpoint = a_.accept();
  const std::string request = get("/", "connection:  close\r\n");
  client.send(request);
  EXPECT_EQ(endpoint.read_bytes(request.size()), request);
}

TEST_F(Tunnels, KeepAHalfCloseOfTheClient) {
  set_a();
  Socket client = connect();
  Socket endpoint = a_.accept();
  client.send("question");
  client.half_close();
  EXPECT_EQ(endpoint.read_to_end(), "question");
  EXPECT_FALSE(endpoint.was_reset());
  endpoint.send("answer");
  EXPECT_EQ(client.read_bytes(6), "answer");
  endpoint.close();
  EXPECT_TRUE(client.at_end());
  EXPECT_FALSE(client.was_reset());
  expect_outcome(Outcome::success);
}

TEST_F(Tunnels, KeepAHalfCloseOfTheEndpoint) {
  set_a();
  Socket client = connect();
  Socket endpoint = a_.accept();
  endpoint.send("all there is");
  endpoint.half_close();
  EXPECT_EQ(client.read_to_end(), "all there is");
  EXPECT_FALSE(client.was_reset());
  client.send("thanks");
  EXPECT_EQ(endpoint.read_bytes(6), "thanks");
  client.close();
  EXPECT_TRUE(endpoint.at_end());
  expect_outcome(Outcome::success);
}

TEST_F(Tunnels, CarryMuchBothWaysAtOnce) {
  set_a();
  constexpr std::size_t kSize = 16 << 20;
  const std::string there = pattern(kSize, 1);
  const std::string back = pattern(kSize, 2);
  Socket client = connect();
  Socket endpoint = a_.accept();
  const auto send = [](Socket& socket, const std::string& bytes) {
    return std::thread([&socket, &bytes] {
      socket.send(bytes);
      socket.half_close();
    });
  };
  std::thread client_sends = send(client, there);
  std::thread endpoint_sends = send(endpoint, back);
  auto received = std::async(std::launch::async, [&] { return endpoint.read_to_end(); });
  EXPECT_TRUE(client.read_to_end() == back);
  EXPECT_TRUE(received.get() == there);
  client_sends.join();
  endpoint_sends.join();
  expect_outcome(Outcome::success);
}

TEST_F(Tunnels, StopTheSenderWhenTheOtherSideDoesNotRead) {
  set_a();
  Socket client = connect();
  Socket endpoint = a_.accept();
  const std::string much(256 << 20, 'x');
  EXPECT_LT(client.send_until_stuck(much, kQuiet), much.size());
}

TEST_F(Tunnels, GoToAnotherEndpointWhenOneRefuses) {
  set({a_.address(), b_.address()});
  a_.close();
  Socket client = connect();
  Socket endpoint = b_.accept();
  expect_open(client, endpoint);
  EXPECT_EQ(proxy_.outcomes(a_.address(), Outcome::connect_failure), 1u);
  EXPECT_EQ(proxy_.in_flight(a_.address()), 0);
}

TEST_F(Tunnels, GoToAnotherEndpointWhenOneDoesNotAnswer) {
  const HangingAddress hanging;
  proxy_.options.connect_timeout = milliseconds(50);
  set({hanging.address(), b_.address()});
  Socket client = connect();
  client.send("early");
  Socket endpoint = b_.accept();
  EXPECT_EQ(endpoint.read_bytes(5), "early");
  EXPECT_EQ(proxy_.outcomes(hanging.address(), Outcome::connect_failure), 1u);
}

TEST_F(Tunnels, AreResetAfterThreeEndpointsThatRefuse) {
  std::vector<std::string> refusing;
  for (int i = 0; i < 3; ++i) {
    Listener listener;
    refusing.push_back(listener.address());
  }
  std::vector<std::string> all = refusing;
  all.push_back(a_.address());
  set(all);
  expect_reset();
  for (const std::string& address : refusing) EXPECT_EQ(proxy_.outcomes(address, Outcome::connect_failure), 1u);
  EXPECT_EQ(proxy_.all_outcomes(a_.address()), 0u);
  EXPECT_FALSE(a_.pending());
}

TEST_F(Tunnels, AreResetWhereThereIsNoEndpoint) { expect_reset(); }

TEST_F(Tunnels, PassAnEndpointsResetOn) {
  set_a();
  Socket client = connect();
  Socket endpoint = a_.accept();
  endpoint.send("part");
  EXPECT_EQ(client.read_bytes(4), "part");
  endpoint.reset();
  EXPECT_TRUE(client.at_end());
  EXPECT_TRUE(client.was_reset());
  expect_outcome(Outcome::reset);
}

TEST_F(Tunnels, PassAClientsResetOn) {
  set_a();
  Socket client = connect();
  Socket endpoint = a_.accept();
  expect_open(client, endpoint);
  client.reset();
  EXPECT_TRUE(endpoint.at_end());
  EXPECT_TRUE(endpoint.was_reset());
  expect_outcome(Outcome::cancelled);
}

TEST_F(Tunnels, AreResetWhenIdleForTooLong) {
  proxy_.options.idle_timeout = milliseconds(100);
  set_a();
  Socket client = connect();
  Socket endpoint = a_.accept();
  EXPECT_TRUE(client.at_end());
  EXPECT_TRUE(client.was_reset());
  EXPECT_TRUE(endpoint.at_end());
  EXPECT_TRUE(endpoint.was_reset());
  expect_outcome(Outcome::cancelled);
}

TEST_F(Tunnels, AreInFlightWhileTheyAreOpen) {
  set_a();
  Socket client = connect();
  Socket endpoint = a_.accept();
  expect_open(client, endpoint);
  EXPECT_EQ(proxy_.in_flight(a_.address()), 1);
  EXPECT_EQ(proxy_.all_outcomes(a_.address()), 0u);
  client.close();
  endpoint.close();
  expect_outcome(Outcome::success);
}

TEST_F(Tunnels, WaitForAPlaceWhereConnectionsAreLimited) {
  proxy_.options.max_connections = 1;
  proxy_.options.max_pending = 1;
  proxy_.options.connect_timeout = std::chrono::seconds(10);
  set_a();
  Socket first = connect();
  Socket endpoint = a_.accept();
  Socket second = connect();
  second.send("second");
  proxy_.eventually("the second", [&] { return proxy_.connections() == 2; });
  expect_reset();
  EXPECT_FALSE(a_.pending());
  first.close();
  endpoint.close();
  Socket next = a_.accept();
  EXPECT_EQ(next.read_bytes(6), "second");
}

TEST_F(Tunnels, AreResetWhenThereIsNoPlaceInTime) {
  proxy_.options.max_connections = 1;
  proxy_.options.connect_timeout = milliseconds(100);
  set_a();
  Socket first = connect();
  Socket endpoint = a_.accept();
  Socket second = connect();
  EXPECT_TRUE(second.at_end());
  EXPECT_TRUE(second.was_reset());
  expect_open(first, endpoint);
  EXPECT_FALSE(a_.pending());
}

TEST_F(Tunnels, LeaveTheirPlaceToOthersWhenTheClientHasGone) {
  proxy_.options.max_connections = 1;
  proxy_.options.connect_timeout = std::chrono::seconds(10);
  set_a();
  Socket first = connect();
  Socket endpoint = a_.accept();
  Socket second = connect();
  proxy_.eventually("the second", [&] { return proxy_.connections() == 2; });
  second.close();
  Socket third = connect();
  third.send("third");
  proxy_.eventually("the third", [&] { return proxy_.connections() == 3; });
  first.close();
  endpoint.close();
  // Whoever has gone is known when its turn comes.
  Socket of_second = a_.accept();
  EXPECT_TRUE(of_second.at_end());
  of_second.close();
  EXPECT_EQ(a_.accept().read_bytes(5), "third");
}

TEST_F(Tunnels, StayWhenTheirEndpointLeavesTheSet) {
  set_a();
  Socket client = connect();
  Socket endpoint = a_.accept();
  set({b_.address()});
  expect_open(client, endpoint);
  Socket other = connect();
  Socket other_endpoint = b_.accept();
  expect_open(other, other_endpoint);
  EXPECT_FALSE(a_.pending());
}

TEST_F(Tunnels, StayWhenTheirServiceEnds) {
  const model::ServicePort other{{"shop", "other"}, 80};
  set_a();
  const std::uint16_t port = proxy_.listen("other", other, ListenerProtocol::tcp);
  proxy_.set({.service = other,
              .options = {},
              .rules = model::own_cluster_rule(other),
              .endpoints = {endpoint(b_.address())}});
  Socket client = Socket::connect(port);
  Socket endpoint = b_.accept();
  proxy_.worker().remove_listener("other");
  proxy_.forget(other);
  expect_open(client, endpoint);
  client.half_close();
  EXPECT_TRUE(endpoint.at_end());
  endpoint.close();
  EXPECT_TRUE(client.at_end());
  EXPECT_FALSE(client.was_reset());
}

TEST_F(Tunnels, GoOnWhileDrainingAndAreResetInTheEnd) {
  set_a();
  Socket client = connect();
  Socket endpoint = a_.accept();
  proxy_.worker().drain();
  proxy_.sync();
  expect_open(client, endpoint);
  EXPECT_EQ(proxy_.connections(), 1);
  proxy_.end();
  EXPECT_TRUE(client.at_end());
  EXPECT_TRUE(client.was_reset());
  EXPECT_TRUE(endpoint.at_end());
  EXPECT_TRUE(endpoint.was_reset());
}

TEST_F(Tunnels, HoldNoPipeAndNoBufferWhenIdle) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  constexpr int kTunnels = 200;
  constexpr std::size_t kMaxBytes = SIZE_MAX;  // of the sanitizer's own heap nothing is known
#else
  constexpr int kTunnels = 2'000;
  constexpr std::size_t kMaxBytes = 2'048;
#endif
  net::raise_descriptor_limit();
  set_a();
  const std::string large = pattern(128 << 10);
  std::vector<Socket> sockets;
  sockets.reserve(2 * kTunnels);
  const std::size_t before = ::mallinfo2().uordblks;
  for (int i = 0; i < kTunnels; ++i) {
    Socket client = connect();
    Socket endpoint = a_.accept();
    client.send(large);
    ASSERT_EQ(endpoint.read_bytes(large.size()), large);
    endpoint.send(large);
    ASSERT_EQ(client.read_bytes(large.size()), large);
    sockets.emplace_back(net::FileDescriptor(::dup(client.fd())));  // without what it has buffered
    sockets.emplace_back(net::FileDescriptor(::dup(endpoint.fd())));
  }
  proxy_.sync();
  const std::size_t after = ::mallinfo2().uordblks;
  EXPECT_LT((after - std::min(before, after)) / kTunnels, kMaxBytes);
  std::promise<std::size_t> taken;
  proxy_.worker().loop().post([&] { taken.set_value(proxy_.worker().relay_resources().pipes.taken()); });
  EXPECT_EQ(taken.get_future().get(), 0u);
  EXPECT_EQ(proxy_.connections(), kTunnels);
}

}  // namespace
}  // namespace outrigger::sidecar::test
