/// A listener whose requests go to the Service that their host names, and what it knows of those it was never told of.
#include <gtest/gtest.h>

#include <mutex>

#include "http2_peer.h"
#include "messages.h"
#include "proxy.h"

namespace outrigger::sidecar::test {
namespace {

using std::chrono::milliseconds;

const model::ServicePort kApi{{"other", "api"}, 8080};
constexpr const char* kApiHost = "api.other.svc.cluster.local:8080";

class ByHost : public ::testing::Test {
 protected:
  /// What is asked is answered by the test.
  void ask_within(milliseconds patience) {
    proxy_.worker().ask_for_destinations(
        [this](const std::string& destination) {
          const std::lock_guard lock(mutex_);
          asked_.push_back(destination);
        },
        patience);
    proxy_.sync();
  }
  std::vector<std::string> asked() {
    proxy_.sync();
    const std::lock_guard lock(mutex_);
    return asked_;
  }
  void settle(const model::ServicePort& service, bool no_service) {
    proxy_.worker().settle(service.text(), no_service);
    proxy_.sync();
  }
  void put_api(const Listener& endpoint) {
    proxy_.set({.service = kApi,
                .options = {},
                .rules = model::own_cluster_rule(kApi),
                .endpoints = {test::endpoint(endpoint.address())}});
  }

  static std::string to(const std::string& host, const std::string& target = "/") {
    return "GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n";
  }
  Socket asking(const std::string& request) {
    Socket client = Socket::connect(port_);
    client.send(request);
    proxy_.sync();
    return client;
  }
  static void serve(Listener& listener, Socket& client, const std::string& host) {
    Socket endpoint = listener.accept();
    const Message request = endpoint.read_request();
    EXPECT_EQ(request.field("Host"), host);
    endpoint.send(ok(request.body, "Connection: close\r\n"));
    const Message answer = client.read_response();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, request.body);
  }
  static void expect_refused(Socket& client, int status, const std::string& error) {
    const Message answer = client.read_response();
    EXPECT_EQ(answer.status, status);
    EXPECT_EQ(answer.field("Proxy-Status"), "outrigger; error=" + error);
  }

  Listener web_;
  Listener api_;
  Proxy proxy_;
  std::uint16_t port_ = proxy_.listen_by_host(ListenerProtocol::automatic);
  std::mutex mutex_;
  std::vector<std::string> asked_;
};

TEST_F(ByHost, EachRequestOfAConnectionGoesToItsOwnService) {
  proxy_.set_endpoints({web_.address()});
  put_api(api_);
  Socket client = Socket::connect(port_);
  for (int i = 0; i < 2; ++i) {
    client.send(to("web"));
    serve(web_, client, "web");
    // As a client does it that is told of a proxy: RFC 9112 section 3.2.2.
    client.send("GET http://" + std::string(kApiHost) + "/ HTTP/1.1\r\nHost: x\r\n\r\n");
    serve(api_, client, kApiHost);
  }
  EXPECT_EQ(proxy_.requests(200), 2u);
  EXPECT_EQ(proxy_.requests(200, kApi), 2u);
}

TEST_F(ByHost, AClientThatIsSilentAtFirstIsWaitedFor) {
  proxy_.set_endpoints({web_.address()});
  Socket client = Socket::connect(port_);
  // Longer than where an endpoint could be the first to speak.
  EXPECT_FALSE(client.readable_within(milliseconds(120)));
  client.send(to("web"));
  serve(web_, client, "web");
}

TEST_F(ByHost, WaitsToBeToldOfAServiceAndKeepsWhatComesMeanwhile) {
  ask_within(std::chrono::seconds(20));
  Socket client = asking("POST / HTTP/1.1\r\nHost: " + std::string(kApiHost) + "\r\nContent-Length: 10\r\n\r\n01234");
  Socket other = asking(to(kApiHost));
  EXPECT_EQ(asked(), std::vector<std::string>{"other/api:8080"}) << "once for both";
  client.send("56789");
  put_api(api_);
  settle(kApi, false);
  Socket endpoint = api_.accept();
  Socket second = api_.accept();
  const bool posted = endpoint.peek_head().starts_with("POST");
  Socket& of_client = posted ? endpoint : second;
  const Message request = of_client.read_request();
  EXPECT_EQ(request.body, "0123456789");
  of_client.send(ok("first"));
  EXPECT_EQ(client.read_response().body, "first");
  Socket& of_other = posted ? second : endpoint;
  of_other.read_request();
  of_other.send(ok("second"));
  EXPECT_EQ(other.read_response().body, "second");
  EXPECT_EQ(proxy_.held(), 0u);
}

TEST_F(ByHost, WhatIsNoServiceIsRefusedUntilItIsOne) {
  ask_within(std::chrono::seconds(20));
  Socket client = asking(to(kApiHost));
  settle(kApi, true);
  expect_refused(client, 502, "destination_not_found");
  client.send(to(kApiHost));
  expect_refused(client, 502, "destination_not_found");
  EXPECT_EQ(asked().size(), 1u) << "it is known";
  put_api(api_);
  client.send(to(kApiHost));
  serve(api_, client, kApiHost);
  for (const char* host : {"www.example.com", "10.96.0.7"}) {
    client.send(to(host));
    expect_refused(client, 502, "destination_not_found");
  }
  EXPECT_EQ(asked().size(), 1u) << "no Service has such a name";
}

TEST_F(ByHost, WhatNobodyUsesAnyMoreIsAskedForAgain) {
  ask_within(std::chrono::seconds(20));
  put_api(api_);
  Socket client = asking(to(kApiHost));
  serve(api_, client, kApiHost);
  EXPECT_EQ(asked().size(), 0u) << "it is known";
  proxy_.eventually("nobody holds it", [&] {
    Worker::Services held{kApi};
    proxy_.worker().release({kApi}, [&held](const Worker::Services& still) { held = still; });
    proxy_.sync();
    return held.empty();
  });
  client.send(to(kApiHost));
  proxy_.eventually("it is asked for", [&] { return asked().size() == 1; });
  put_api(api_);
  settle(kApi, false);
  serve(api_, client, kApiHost);
}

TEST_F(ByHost, IsRefusedWhereNobodyAnswersInTime) {
  ask_within(milliseconds(20));
  Socket client = asking(to(kApiHost));
  expect_refused(client, 503, "destination_unavailable");
  EXPECT_EQ(proxy_.unanswered(), 1u);
  client.send(to(kApiHost));
  expect_refused(client, 503, "destination_unavailable");
  EXPECT_EQ(asked().size(), 2u);
}

TEST_F(ByHost, IsRefusedAtOnceWhereNobodyCanBeAsked) {
  Socket client = asking(to(kApiHost));
  expect_refused(client, 502, "destination_not_found");
}

TEST_F(ByHost, AClientThatLeavesWhileItWaitsLeavesNothing) {
  ask_within(std::chrono::seconds(20));
  Socket stays = asking(to(kApiHost));
  asking(to(kApiHost)).reset();
  asking(to("web")).reset();
  proxy_.eventually("they are gone", [&] { return proxy_.connections() == 1; });
  put_api(api_);
  settle(kApi, false);
  settle(kWeb, true);
  serve(api_, stays, kApiHost);
}

TEST_F(ByHost, AStreamThatWaitsHoldsUpNoOther) {
  ask_within(std::chrono::seconds(20));
  Stage stage;
  Endpoint& endpoint = stage.endpoint(Speaks::http2);
  Client& client = stage.client(port_, Speaks::http2);
  Talk& waits = client.send(request_to("GET", "/waits", {}, kApiHost));
  Talk& leaves = client.send(request_to("GET", "/leaves", {}, kApiHost));
  stage.until("it is asked", [&] { return !asked().empty(); });
  proxy_.options.protocol = model::Protocol::http2;
  proxy_.set_endpoints({endpoint.address()});
  endpoint.on_end = [](Talk& talk) { talk.send(answer_with(200), talk.heard.target); };
  Talk& served = client.send(request_to("GET", "/served"));
  stage.until("an answer", [&] { return served.over(); });
  EXPECT_EQ(served.heard.body, "/served");
  EXPECT_FALSE(waits.over());
  leaves.reset(http::Http2Error::cancel);
  settle(kApi, true);
  stage.until("the other's answer", [&] { return waits.over(); });
  EXPECT_EQ(waits.heard.status, 502);
  EXPECT_EQ(asked(), std::vector<std::string>{kApi.text()});
}

}  // namespace
}  // namespace outrigger::sidecar::test
