/// Connections of which it is not known what they speak.
#include "sidecar/undetermined_client.h"

#include <gtest/gtest.h>

#include "messages.h"
#include "proxy.h"

namespace outrigger::sidecar::test {
namespace {

using std::chrono::milliseconds;

/// Longer than anybody is waited for.
constexpr auto kQuiet = 3 * UndeterminedClient::kPatience;
const std::string kTlsHello("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11);
const std::string kPreface("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
const std::string kNoSettings("\0\0\0\4\0\0\0\0\0", 9);

class UndeterminedClients : public ::testing::Test {
 protected:
  UndeterminedClients() { turn_to(model::Protocol::automatic); }

  /// Of a service of that port and protocol; the first endpoint is preferred.
  void turn_to(model::Protocol protocol, std::uint16_t port = 9999) {
    if (listeners_ > 0) {
      proxy_.worker().remove_listener("listener-" + std::to_string(listeners_));
      proxy_.forget(service_);
    }
    service_ = {{"shop", "some"}, port};
    protocol_ = protocol;
    set({a_.address()});
    port_ = proxy_.listen("listener-" + std::to_string(++listeners_), service_, ListenerProtocol::automatic);
  }
  void set(const std::vector<std::string>& addresses) {
    model::EndpointSet set{
        .service = service_, .options = proxy_.options, .rules = model::own_cluster_rule(service_), .endpoints = {}};
    set.options.protocol = protocol_;
    for (const std::string& address : addresses) {
      set.endpoints.push_back(endpoint(address));
      set.endpoints.back().tier = static_cast<std::uint32_t>(set.endpoints.size() - 1);
    }
    std::sort(set.endpoints.begin(), set.endpoints.end(),
              [](const auto& one, const auto& other) { return one.address < other.address; });
    proxy_.set(set);
  }
  void set_head_timeout(milliseconds timeout) {
    HttpSettings settings;
    settings.head_timeout = timeout;
    proxy_.worker().configure(settings, {.connections = 1'000, .buffered_bytes = 64 << 20});
  }
  Socket connect() { return Socket::connect(port_); }
  void expect_greeted_by_b(Socket& client) {
    Socket endpoint = b_.accept();
    endpoint.send("welcome");
    EXPECT_EQ(client.read_bytes(7), "welcome");
  }
  /// The connection to an endpoint of a silent client; the worker knows that it is there.
  Socket accept_unasked() {
    Socket endpoint = a_.accept();
    proxy_.sync();
    return endpoint;
  }
  /// Of a connection that ends so early that making it seems to fail.
  void expect_reset() {
    Socket client(std::move(*net::start_connect(*net::SocketAddress::parse("127.0.0.1:" + std::to_string(port_)))));
    EXPECT_TRUE(client.at_end());
    EXPECT_TRUE(client.was_reset());
  }
  void expect_detected(DetectedProtocol protocol, std::uint64_t times = 1) {
    for (std::size_t i = 0; i < kDetectedProtocolNames.size(); ++i) {
      const auto one = static_cast<DetectedProtocol>(i);
      EXPECT_EQ(proxy_.detections(one), one == protocol ? times : 0) << kDetectedProtocolNames[i];
    }
  }
  static void expect_served(Socket& client, Listener& listener, const std::string& target) {
    client.send(get(target));
    Socket endpoint = listener.accept();
    EXPECT_EQ(endpoint.read_request().target, target);
    endpoint.send(ok("answer"));
    EXPECT_EQ(client.read_response().body, "answer");
  }
  /// The bytes pass untouched.
  void expect_passed(const std::string& bytes) {
    Socket client = connect();
    client.send(bytes);
    Socket endpoint = a_.accept();
    EXPECT_EQ(endpoint.read_bytes(bytes.size()), bytes);
    endpoint.send("answer");
    EXPECT_EQ(client.read_bytes(6), "answer");
  }
  /// Whether its endpoint is connected to at once, in the round that accepts.
  bool is_not_waited_for() {
    const Socket client = connect();
    proxy_.sync();
    return proxy_.in_flight(a_.address()) == 1;
  }

  Listener a_;
  Listener b_;
  Proxy proxy_;
  model::ServicePort service_;
  model::Protocol protocol_ = model::Protocol::automatic;
  int listeners_ = 0;
  std::uint16_t port_ = 0;
};

TEST_F(UndeterminedClients, OfHttp1AreServedByRequest) {
  Socket client = connect();
  expect_served(client, a_, "/");
  expect_detected(DetectedProtocol::http1);
  EXPECT_EQ(proxy_.requests(200, service_), 1u);
}

TEST_F(UndeterminedClients, OfHttp1MaySendAByteAtATime) {
  Socket client = connect();
  client.trickle("GET /slowly HTTP/1.1\r\nHost: web\r\n\r\n");
  Socket endpoint = a_.accept();
  EXPECT_EQ(endpoint.read_request().target, "/slowly");
  expect_detected(DetectedProtocol::http1);
}

TEST_F(UndeterminedClients, OfHttp1MayStopWithinTheMethod) {
  Socket client = connect();
  client.send("GE");
  EXPECT_FALSE(a_.pending_within(kQuiet));
  client.send("T /on HTTP/1.1\r\nHost: web\r\n\r\n");
  Socket endpoint = a_.accept();
  EXPECT_EQ(endpoint.read_request().target, "/on");
  expect_detected(DetectedProtocol::http1);
}

TEST_F(UndeterminedClients, ThatStopWithinTheMethodGet408) {
  set_head_timeout(milliseconds(150));
  Socket client = connect();
  client.send("G");
  EXPECT_EQ(client.read_response().status, 408);
  EXPECT_FALSE(a_.pending());
  expect_detected(DetectedProtocol::http1);
}

TEST_F(UndeterminedClients, ThatStopWithinAnythingGet408WhereTheServiceIsHttp) {
  turn_to(model::Protocol::http);
  set_head_timeout(milliseconds(150));
  Socket client = connect();
  client.send("hello");
  EXPECT_EQ(client.read_response().status, 408);
  EXPECT_FALSE(a_.pending());
}

TEST_F(UndeterminedClients, OfHttp2GetSettings) {
  for (const model::Protocol protocol :
       {model::Protocol::automatic, model::Protocol::http, model::Protocol::http2, model::Protocol::grpc}) {
    turn_to(protocol);
    Socket client = connect();
    client.trickle(kPreface + kNoSettings);
    const std::string frame = client.read_bytes(9);
    ASSERT_EQ(frame.size(), 9u);
    EXPECT_EQ(frame[3], 4);
  }
  expect_detected(DetectedProtocol::http2, 4);
}

TEST_F(UndeterminedClients, OfTlsPassUntouched) {
  expect_passed(kTlsHello);
  expect_detected(DetectedProtocol::tcp);
}

TEST_F(UndeterminedClients, OfAnythingElsePassUntouched) {
  expect_passed(std::string("\0\xff\r\n garbage", 12));
  expect_passed("*1\r\n$4\r\nPING\r\n");
  expect_detected(DetectedProtocol::tcp, 2);
}

TEST_F(UndeterminedClients, ThatMayBecomeHttpButWaitForAnAnswerPass) {
  expect_passed("hello");
  expect_detected(DetectedProtocol::tcp);
}

TEST_F(UndeterminedClients, ThatHalfCloseWithinWhatMayBecomeHttpPass) {
  Socket client = connect();
  client.send("G");
  client.half_close();
  Socket endpoint = a_.accept();
  EXPECT_EQ(endpoint.read_to_end(), "G");
  endpoint.send("answer");
  EXPECT_EQ(client.read_bytes(6), "answer");
}

TEST_F(UndeterminedClients, AreNotLookedAtWhereTheServiceIsTcp) {
  turn_to(model::Protocol::tcp);
  EXPECT_TRUE(is_not_waited_for());
  a_.accept();
  expect_passed(get("/", "connection:  close\r\n"));
  EXPECT_EQ(proxy_.detections(DetectedProtocol::http1), 0u);
}

TEST_F(UndeterminedClients, AreNotConnectedForWhereTheServiceIsHttp) {
  for (const model::Protocol protocol : {model::Protocol::http, model::Protocol::http2, model::Protocol::grpc}) {
    turn_to(protocol);
    const Socket client = connect();
    EXPECT_FALSE(a_.pending_within(kQuiet));
  }
}

TEST_F(UndeterminedClients, AreNotWaitedForAtAServerFirstPort) {
  turn_to(model::Protocol::automatic, 3306);
  EXPECT_TRUE(is_not_waited_for());
  turn_to(model::Protocol::automatic, 3307);
  EXPECT_FALSE(is_not_waited_for());
}

TEST_F(UndeterminedClients, AreWaitedForOnlyOnceWhereTheServerSpeaksFirst) {
  Socket client = connect();
  Socket endpoint = a_.accept();
  endpoint.send("220 welcome\r\n");
  EXPECT_EQ(client.read_bytes(13), "220 welcome\r\n");
  client.send("EHLO\r\n");
  EXPECT_EQ(endpoint.read_bytes(6), "EHLO\r\n");
  expect_detected(DetectedProtocol::server_first);
  client.close();
  endpoint.close();
  proxy_.eventually("the end", [&] { return proxy_.connections() == 0; });
  EXPECT_TRUE(is_not_waited_for());
  expect_detected(DetectedProtocol::server_first);
}

TEST_F(UndeterminedClients, ThatSpeakHttpLateAreServedByRequest) {
  Socket client = connect();
  Socket unused = a_.accept();
  expect_served(client, a_, "/late");
  EXPECT_TRUE(unused.at_end());
  expect_detected(DetectedProtocol::http1);
  EXPECT_EQ(proxy_.requests(200, service_), 1u);
  EXPECT_EQ(proxy_.all_outcomes(a_.address()), 1u);
  EXPECT_FALSE(is_not_waited_for());
}

TEST_F(UndeterminedClients, ThatSpeakTcpLateUseTheConnectionThatIsThere) {
  Socket client = connect();
  Socket endpoint = accept_unasked();
  client.send(kTlsHello);
  EXPECT_EQ(endpoint.read_bytes(kTlsHello.size()), kTlsHello);
  EXPECT_FALSE(a_.pending());
  expect_detected(DetectedProtocol::tcp);
}

TEST_F(UndeterminedClients, StayAsTheyAreWhenAnHttpServerComplainsOfTheSilence) {
  Socket client = connect();
  Socket endpoint = a_.accept();
  endpoint.send("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  endpoint.close();
  EXPECT_FALSE(client.readable_within(kQuiet));
  expect_served(client, a_, "/after-all");
  expect_detected(DetectedProtocol::http1);
  EXPECT_FALSE(is_not_waited_for());
}

TEST_F(UndeterminedClients, StayAsTheyAreWhenTheEndpointEndsALongSilence) {
  Socket client = connect();
  Socket endpoint = a_.accept();
  EXPECT_FALSE(client.readable_within(UndeterminedClient::kGreeting + kQuiet));
  endpoint.close();
  EXPECT_FALSE(client.readable_within(kQuiet));
  expect_served(client, a_, "/after-all");
  EXPECT_FALSE(is_not_waited_for());
}

TEST_F(UndeterminedClients, SeeAnEndpointsEndThatComesAtOnce) {
  Socket client = connect();
  a_.accept().close();
  EXPECT_TRUE(client.at_end());
  EXPECT_FALSE(client.was_reset());
  client.close();
  proxy_.eventually("the end", [&] { return proxy_.connections() == 0; });
  EXPECT_FALSE(is_not_waited_for());
}

TEST_F(UndeterminedClients, HearALateServerThatIsNotRemembered) {
  Socket client = connect();
  Socket endpoint = a_.accept();
  EXPECT_FALSE(client.readable_within(UndeterminedClient::kGreeting + kQuiet));
  endpoint.send("late");
  EXPECT_EQ(client.read_bytes(4), "late");
  client.close();
  endpoint.close();
  proxy_.eventually("the end", [&] { return proxy_.connections() == 0; });
  EXPECT_FALSE(is_not_waited_for());
}

TEST_F(UndeterminedClients, GoToAnotherEndpointWhenOneResets) {
  set({a_.address(), b_.address()});
  Socket client = connect();
  a_.accept().reset();
  expect_greeted_by_b(client);
  expect_detected(DetectedProtocol::server_first, 1);
}

TEST_F(UndeterminedClients, GoToAnotherEndpointWhenOneRefuses) {
  set({a_.address(), b_.address()});
  a_.close();
  Socket client = connect();
  expect_greeted_by_b(client);
  expect_detected(DetectedProtocol::server_first, 1);
}

TEST_F(UndeterminedClients, MaySpeakHttpThoughAnEndpointRefused) {
  set({a_.address(), b_.address()});
  a_.close();
  Socket client = connect();
  Socket unused = b_.accept();
  client.send(get("/late"));
  Socket endpoint = b_.accept();
  EXPECT_EQ(endpoint.read_request().target, "/late");
  endpoint.send(ok("served"));
  EXPECT_EQ(client.read_response().body, "served");
  expect_detected(DetectedProtocol::http1, 1);
}

TEST_F(UndeterminedClients, GoToAnotherEndpointWhenOneDoesNotAnswer) {
  const HangingAddress hanging;
  proxy_.options.connect_timeout = milliseconds(50);
  set({hanging.address(), b_.address()});
  Socket client = connect();
  expect_greeted_by_b(client);
  EXPECT_EQ(proxy_.in_flight(hanging.address()), 0);
  EXPECT_GE(proxy_.outcomes(hanging.address(), Outcome::connect_failure), 1u);
}

TEST_F(UndeterminedClients, AreResetWhenNoEndpointCanBeReached) {
  a_.close();
  expect_reset();
}

TEST_F(UndeterminedClients, AreResetWhereThereIsNoEndpoint) {
  set({});
  expect_reset();
}

TEST_F(UndeterminedClients, WaitForAPlaceOnlySoLong) {
  proxy_.options.max_connections = 1;
  proxy_.options.connect_timeout = milliseconds(300);
  set({a_.address()});
  Socket first = connect();
  Socket endpoint = a_.accept();
  const auto since = net::Clock::now();
  Socket second = connect();
  EXPECT_TRUE(second.at_end());
  EXPECT_TRUE(second.was_reset());
  EXPECT_GE(net::Clock::now() - since, milliseconds(300));
  EXPECT_FALSE(a_.pending());
  proxy_.options.max_pending = 0;
  proxy_.options.connect_timeout = std::chrono::hours(1);
  set({a_.address()});
  expect_reset();
}

TEST_F(UndeterminedClients, TakeThePlaceThatComesFree) {
  proxy_.options.max_connections = 1;
  proxy_.options.connect_timeout = std::chrono::seconds(10);
  set({a_.address()});
  Socket first = connect();
  Socket endpoint = a_.accept();
  Socket second = connect();
  EXPECT_FALSE(second.readable_within(kQuiet));
  first.close();
  endpoint.close();
  Socket other = a_.accept();
  other.send("welcome");
  EXPECT_EQ(second.read_bytes(7), "welcome");
}

/// Those who wait for a place may still turn out to speak HTTP.
TEST_F(UndeterminedClients, MaySpeakHttpWhileTheyWaitForAPlace) {
  proxy_.options.max_connections = 1;
  proxy_.options.connect_timeout = std::chrono::seconds(10);
  set({a_.address()});
  Socket first = connect();
  Socket endpoint = a_.accept();
  Socket second = connect();
  EXPECT_FALSE(second.readable_within(kQuiet));
  second.send(get("/"));
  proxy_.eventually("what it speaks", [&] { return proxy_.detections(DetectedProtocol::http1) == 1; });
  first.close();
  endpoint.close();
  Socket other = a_.accept();
  EXPECT_EQ(other.read_request().target, "/");
  other.send(ok("served"));
  EXPECT_EQ(second.read_response().body, "served");
}

TEST_F(UndeterminedClients, MayLeaveWhileTheyAreWaitedFor) {
  connect().close();
  connect().reset();
  proxy_.eventually("their end", [&] { return proxy_.connections() == 0; });
  EXPECT_FALSE(a_.pending_within(kQuiet));
  EXPECT_EQ(proxy_.in_flight(a_.address()), 0);
}

TEST_F(UndeterminedClients, MayLeaveWhileBothAreSilent) {
  Socket client = connect();
  Socket endpoint = accept_unasked();
  client.close();
  EXPECT_TRUE(endpoint.at_end());
  endpoint.close();
  proxy_.eventually("the end", [&] { return proxy_.connections() == 0; });
  EXPECT_EQ(proxy_.in_flight(a_.address()), 0);
}

TEST_F(UndeterminedClients, AreClosedInOrderWhenTheWorkerDrains) {
  Socket silent = connect();
  Socket endpoint = accept_unasked();
  Socket waited_for = connect();
  proxy_.worker().drain();
  for (Socket* const socket : {&silent, &waited_for, &endpoint}) {
    EXPECT_TRUE(socket->at_end());
    EXPECT_FALSE(socket->was_reset());
  }
  EXPECT_EQ(proxy_.connections(), 0);
  EXPECT_EQ(proxy_.in_flight(a_.address()), 0);
}

TEST_F(UndeterminedClients, AreClosedWhenSilentForTooLong) {
  proxy_.options.idle_timeout = milliseconds(100);
  turn_to(model::Protocol::automatic);
  Socket client = connect();
  Socket endpoint = a_.accept();
  EXPECT_TRUE(client.at_end());
  EXPECT_TRUE(endpoint.at_end());
}

}  // namespace
}  // namespace outrigger::sidecar::test
