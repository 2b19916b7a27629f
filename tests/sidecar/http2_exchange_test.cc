/// HTTP/2 through a worker: how streams share connections, how they end before their time, and how connections do.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <numeric>

#include "http/http2_frames.h"
#include "http2_peer.h"
#include "messages.h"
#include "proxy.h"

namespace outrigger::sidecar::test {
namespace {

using http::Http2Error;

class Http2Exchanges : public ::testing::Test {
 protected:
  Http2Exchanges() {
    proxy_.options.protocol = model::Protocol::http2;
    port_ = proxy_.listen("h2", kWeb, ListenerProtocol::http2);
  }

  Client& client() { return stage_.client(port_, Speaks::http2); }
  Endpoint& endpoint(const http::Http2Limits& limits = {}) { return stage_.endpoint(Speaks::http2, limits); }
  /// The first of them is preferred.
  void set(const std::vector<std::string>& addresses) {
    std::vector<model::Endpoint> endpoints;
    for (const std::string& address : addresses) {
      endpoints.push_back(test::endpoint(address));
      endpoints.back().tier = static_cast<std::uint32_t>(endpoints.size() - 1);
    }
    proxy_.set(std::move(endpoints));
  }
  Talk& arrived(Endpoint& endpoint, std::size_t count = 1) {
    stage_.until("a request", [&] { return endpoint.talks.size() >= count; });
    return *endpoint.talks[count - 1];
  }
  Heard& over(Talk& talk) {
    stage_.until("the end", [&] { return talk.over(); });
    return talk.heard;
  }
  void expect_quiet(const Endpoint& endpoint) {
    stage_.until("nothing in flight", [&] { return proxy_.in_flight(endpoint.address()) == 0; });
  }
  static Http2Peer& connection(Endpoint& endpoint, std::size_t index = 0) {
    return static_cast<Http2Peer&>(*endpoint.connections[index]);
  }
  static Http2Peer& connection(Client& client) { return static_cast<Http2Peer&>(*client.connections[0]); }

  Proxy proxy_;
  Stage stage_;
  std::uint16_t port_;
};

TEST_F(Http2Exchanges, BalanceEachStreamByItselfOverAConnectionToEachEndpoint) {
  proxy_.options.policy = model::PolicyKind::round_robin;
  std::vector<Endpoint*> endpoints{&endpoint(), &endpoint(), &endpoint()};
  std::vector<std::string> addresses;
  for (Endpoint* one : endpoints) addresses.push_back(one->address());
  proxy_.set_endpoints(addresses);
  Client& one_connection = client();
  constexpr std::size_t kEach = 20;
  std::vector<Talk*> talks;
  for (std::size_t i = 0; i < kEach * endpoints.size(); ++i) {
    talks.push_back(&one_connection.send(request_to("POST", "/"), "body"));
  }
  for (Endpoint* one : endpoints) {
    arrived(*one, kEach);
    EXPECT_EQ(one->talks.size(), kEach);
    EXPECT_EQ(one->connections.size(), 1u);
  }
  for (Endpoint* one : endpoints) {
    for (Talk* talk : one->talks) talk->send(answer_with(200), one->address());
  }
  for (Talk* talk : talks) EXPECT_EQ(over(*talk).status, 200);
  for (Endpoint* one : endpoints) {
    expect_quiet(*one);
    EXPECT_EQ(proxy_.outcomes(one->address(), Outcome::success), kEach);
  }
  EXPECT_EQ(proxy_.connections(), 1);
}

TEST_F(Http2Exchanges, OpenAnotherConnectionWhenTheEndpointTakesNoMoreStreams) {
  Endpoint& few = endpoint({.max_concurrent_streams = 3});
  proxy_.set_endpoints({few.address()});
  Client& one = client();
  for (std::size_t i = 1; i <= 8; ++i) {
    one.send(request_to("GET", "/"));
    arrived(few, i);
    proxy_.sync();  // so have the settings of that connection
  }
  for (const auto& connection : few.connections) {
    EXPECT_LE(static_cast<Http2Peer&>(*connection).session().open_streams(), 3u);
  }
  EXPECT_EQ(few.connections.size(), 3u);
  for (Talk* talk : few.talks) talk->send(answer_with(200), "x");
  expect_quiet(few);
  EXPECT_EQ(proxy_.requests(200), 8u);
}

TEST_F(Http2Exchanges, SendARequestAgainAsItWasSentFirst) {
  Endpoint& one = endpoint();
  Endpoint& other = endpoint();
  set({one.address(), other.address()});
  std::vector<std::string> vias;
  for (Endpoint* each : {&one, &other}) {
    each->on_end = [&](Talk& talk) {
      vias.push_back(talk.heard.field("via"));
      if (vias.size() == 1) return talk.reset(http::Http2Error::refused_stream);
      talk.send(answer_with(200), "");
    };
  }
  EXPECT_EQ(over(client().send(request_to("GET", "/"))).status, 200);
  EXPECT_EQ(vias, (std::vector<std::string>{"2.0 outrigger", "2.0 outrigger"}));
}

TEST_F(Http2Exchanges, TryStreamsElsewhereThatAConnectionRefusesWhoseSettingsHaveNotComeYet) {
  Endpoint& few = endpoint({.max_concurrent_streams = 1});
  Endpoint& other = endpoint();
  set({few.address(), other.address()});
  for (Endpoint* one : {&few, &other}) one->on_end = [](Talk& talk) { talk.send(answer_with(200), talk.heard.body); };
  Client& one = client();
  std::vector<Talk*> talks;
  for (int i = 0; i < 5; ++i) talks.push_back(&one.send(request_to("POST", "/"), "once"));
  for (Talk* talk : talks) {
    EXPECT_EQ(over(*talk).status, 200);
    EXPECT_EQ(talk->heard.body, "once");
  }
  EXPECT_EQ(few.talks.size() + other.talks.size(), 5u);
}

TEST_F(Http2Exchanges, ObeyALimitThatShrinks) {
  Listener listener;
  proxy_.set_endpoints({listener.address()});
  Client& one = client();
  const auto send = [&] {
    one.send(request_to("GET", "/"));
    connection(one).write_on();
    proxy_.sync();
  };
  send();
  Socket first = listener.accept();
  first.send(http::frames::settings({{3, 2}}));
  proxy_.sync();
  send();
  EXPECT_FALSE(listener.pending());
  // Until the sidecar has heard of a limit it may send more than that: far fewer than the 100 without one.
  const auto send_until_it_connects_anew = [&] {
    for (int more = 0; more < 50 && !listener.pending_within(std::chrono::milliseconds(50)); ++more) send();
    EXPECT_TRUE(listener.pending());
  };
  first.send(http::frames::settings({{3, 1}}));
  send_until_it_connects_anew();
  Socket second = listener.accept();
  // The first has room again only when all of its streams have ended.
  const std::string answer = http::frames::headers(1, http::frames::kEndStream, {{":status", "200"}});
  first.send(http::frames::settings() + answer);
  proxy_.eventually("an answer", [&] { return proxy_.requests(200) == 1; });
  second.send(http::frames::settings({{3, 1}}));
  send_until_it_connects_anew();
}

TEST_F(Http2Exchanges, PassAnEndpointsResetOnWithItsCode) {
  Endpoint& one = endpoint();
  proxy_.set_endpoints({one.address()});
  Client& asking = client();
  std::size_t count = 0;
  for (const bool begun : {false, true}) {
    for (const Http2Error code : {Http2Error::internal_error, Http2Error::cancel, Http2Error::enhance_your_calm,
                                  Http2Error::http_1_1_required}) {
      Talk& talk = asking.send(request_to("GET", "/"));
      Talk& request = arrived(one, ++count);
      if (begun) {
        request.send_head(answer_with(200), false);
        request.send_data("some");
        stage_.until("some of it", [&] { return talk.heard.body == "some"; });
      }
      request.reset(code);
      EXPECT_EQ(over(talk).closed, code);
    }
  }
  expect_quiet(one);
  EXPECT_EQ(proxy_.outcomes(one.address(), Outcome::reset), count);
  EXPECT_EQ(one.connections.size(), 1u);
}

TEST_F(Http2Exchanges, PassAClientsCancellationOn) {
  Endpoint& one = endpoint();
  proxy_.set_endpoints({one.address()});
  Client& asking = client();
  Talk& other = asking.send(request_to("GET", "/other"));
  arrived(one);
  std::size_t count = 1;
  for (const Http2Error code : {Http2Error::cancel, Http2Error::internal_error}) {
    Talk& talk = asking.open();
    talk.send_head(request_to("POST", "/"), false);
    Talk& request = arrived(one, ++count);
    talk.reset(code);
    EXPECT_EQ(over(request).closed, Http2Error::cancel);
  }
  stage_.until("one in flight", [&] { return proxy_.in_flight(one.address()) == 1; });
  EXPECT_EQ(connection(one).session().open_streams(), 1u);
  one.talks[0]->send(answer_with(200), "undisturbed");
  EXPECT_EQ(over(other).body, "undisturbed");
  EXPECT_EQ(proxy_.outcomes(one.address(), Outcome::cancelled), 2u);
}

TEST_F(Http2Exchanges, TryElsewhereWhatAnEndpointRefusesAPostToo) {
  Endpoint& refusing = endpoint();
  Endpoint& other = endpoint();
  set({refusing.address(), other.address()});
  refusing.on_end = [](Talk& talk) { talk.reset(Http2Error::refused_stream); };
  other.on_end = [](Talk& talk) { talk.send(answer_with(200), talk.heard.body + talk.heard.trailer("x")); };
  const Heard& answer = over(client().send(request_to("POST", "/"), pattern(50'000), {{"x", "trailer"}}));
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.body == pattern(50'000) + "trailer");
  EXPECT_EQ(proxy_.retries(), 1u);
  expect_quiet(refusing);
  expect_quiet(other);
}

TEST_F(Http2Exchanges, TryNothingElsewhereWhereTheServiceDoesNotWantIt) {
  Endpoint& refusing = endpoint();
  Endpoint& other = endpoint();
  proxy_.options.retry_on.refused = false;
  set({refusing.address(), other.address()});
  refusing.on_end = [](Talk& talk) { talk.reset(Http2Error::refused_stream); };
  EXPECT_EQ(over(client().send(request_to("GET", "/"))).status, 502);
  EXPECT_TRUE(other.talks.empty());
  EXPECT_EQ(proxy_.retries(), 0u);
}

TEST_F(Http2Exchanges, WaitForAStreamWhereConnectionsAreLimited) {
  Endpoint& few = endpoint({.max_concurrent_streams = 1});
  proxy_.options.max_connections = 1;
  proxy_.options.max_pending = 1;
  proxy_.options.connect_timeout = std::chrono::seconds(10);
  proxy_.set_endpoints({few.address()});
  Client& asking = client();
  Talk& first = asking.send(request_to("GET", "/1"));
  arrived(few);
  stage_.settle();  // so have the settings of that connection
  Talk& second = asking.send(request_to("GET", "/2"));
  Talk& third = asking.send(request_to("GET", "/3"));
  const Heard& refused = over(third);
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.field("proxy-status"), "outrigger; error=connection_limit_reached");
  EXPECT_EQ(few.talks.size(), 1u);
  few.talks[0]->send(answer_with(200), "1");
  EXPECT_EQ(over(first).body, "1");
  arrived(few, 2).send(answer_with(200), "2");
  EXPECT_EQ(over(second).body, "2");
  EXPECT_EQ(few.connections.size(), 1u);
}

TEST_F(Http2Exchanges, TryElsewhereWhatAGoawayHasLeftUnprocessed) {
  Endpoint& leaving = endpoint();
  Endpoint& other = endpoint();
  set({leaving.address(), other.address()});
  other.on_end = [](Talk& talk) { talk.send(answer_with(200), "other"); };
  Client& asking = client();
  Talk& first = asking.send(request_to("POST", "/1"), "1");
  Talk& processed = arrived(leaving);
  Talk& second = asking.send(request_to("POST", "/2"), "2");
  arrived(leaving, 2);
  // GOAWAY by hand: the last stream processed was the first.
  connection(leaving).send_raw(std::string("\0\0\10\7\0\0\0\0\0\0\0\0\1\0\0\0\0", 17));
  EXPECT_EQ(over(second).body, "other");
  EXPECT_FALSE(first.over());
  processed.send(answer_with(200), "leaving");
  EXPECT_EQ(over(first).body, "leaving");
  leaving.on_end = [](Talk& talk) { talk.send(answer_with(200), "back"); };
  stage_.until("the connection's end", [&] { return leaving.open_connections() == 0; });
  EXPECT_EQ(over(asking.send(request_to("POST", "/3"), "3")).body, "back");
}

TEST_F(Http2Exchanges, FinishOnAConnectionThatDrainsAndOpenAnotherForWhatIsNew) {
  Endpoint& draining = endpoint();
  proxy_.set_endpoints({draining.address()});
  Client& asking = client();
  Talk& first = asking.send(request_to("GET", "/1"));
  arrived(draining);
  connection(draining).session().drain();
  connection(draining).write_on();
  proxy_.sync();
  Talk& second = asking.send(request_to("GET", "/2"));
  arrived(draining, 2);
  EXPECT_EQ(draining.connections.size(), 2u);
  for (Talk* talk : draining.talks) talk->send(answer_with(200), talk->heard.target);
  EXPECT_EQ(over(first).body, "/1");
  EXPECT_EQ(over(second).body, "/2");
  stage_.until("the old one's end", [&] { return draining.open_connections() == 1; });
}

TEST_F(Http2Exchanges, AnswerForAnEndpointWhoseConnectionIsLost) {
  Endpoint& one = endpoint();
  proxy_.set_endpoints({one.address()});
  proxy_.options.retries = 0;
  Client& asking = client();
  Talk& before = asking.send(request_to("POST", "/before"), "x");
  Talk& after = asking.send(request_to("GET", "/after"));
  Talk& begun = arrived(one, 2);
  begun.send_head(answer_with(200), false);
  begun.send_data("some");
  stage_.until("some of it", [&] { return after.heard.body == "some"; });
  one.connections[0]->reset();
  EXPECT_EQ(over(before).status, 502);
  EXPECT_EQ(before.heard.field("proxy-status"), "outrigger; error=connection_terminated");
  EXPECT_EQ(over(after).closed, Http2Error::internal_error);
  EXPECT_FALSE(after.heard.ended);
  expect_quiet(one);
  EXPECT_EQ(proxy_.outcomes(one.address(), Outcome::reset), 2u);
}

TEST_F(Http2Exchanges, SendAGetAgainWhoseConnectionIsLostBeforeTheAnswer) {
  Endpoint& one = endpoint();
  Endpoint& other = endpoint();
  set({one.address(), other.address()});
  other.on_end = [](Talk& talk) { talk.send(answer_with(200), "other"); };
  Talk& talk = client().send(request_to("GET", "/"));
  arrived(one);
  one.connections[0]->reset();
  EXPECT_EQ(over(talk).body, "other");
}

/// The worker is told of both in one round, in either order.
TEST_F(Http2Exchanges, TryElsewhereAPostThatALostConnectionHasNotTaken) {
  Endpoint& one = endpoint();
  Endpoint& other = endpoint();
  set({one.address(), other.address()});
  one.on_end = [](Talk& talk) { talk.send(answer_with(200), "one"); };
  other.on_end = [](Talk& talk) { talk.send(answer_with(200), "other"); };
  for (const bool request_first : {true, false}) {
    Client& asking = client();
    EXPECT_EQ(over(asking.send(request_to("GET", "/"))).body, "one");
    std::promise<void> waits;
    std::promise<void> go;
    proxy_.worker().loop().post([&waits, until = go.get_future().share()] {
      waits.set_value();
      until.wait();
    });
    waits.get_future().wait();
    if (!request_first) one.connections.back()->reset();
    Talk& talk = asking.send(request_to("POST", "/"), "x");
    connection(asking).write_on();
    if (request_first) one.connections.back()->reset();
    go.set_value();
    EXPECT_EQ(over(talk).body, request_first ? "other" : "one");
  }
}

TEST_F(Http2Exchanges, TryElsewhereWhatARefusedConnectionHasNotTaken) {
  Endpoint& refusing = endpoint();
  Endpoint& other = endpoint();
  set({refusing.address(), other.address()});
  refusing.close();
  other.on_end = [](Talk& talk) { talk.send(answer_with(200), talk.heard.body); };
  EXPECT_EQ(over(client().send(request_to("POST", "/"), "kept")).body, "kept");
  EXPECT_EQ(proxy_.outcomes(refusing.address(), Outcome::connect_failure), 1u);
}

/// The stream that ends with its connection is the last to hold the endpoint, and the connection ends with its streams.
TEST_F(Http2Exchanges, AnswerForAnEndpointThatIsInNoSetWhenItsDrainingConnectionIsLost) {
  Endpoint& leaving = endpoint();
  proxy_.set_endpoints({leaving.address()});
  Talk& talk = client().send(request_to("POST", "/"), "x");
  arrived(leaving);
  connection(leaving).session().drain();
  connection(leaving).write_on();
  proxy_.sync();
  proxy_.set_endpoints({});
  leaving.connections[0]->reset();
  EXPECT_EQ(over(talk).status, 502);
}

TEST_F(Http2Exchanges, AnswerForAnEndpointThatSpeaksNoHttp2) {
  Listener listener;
  proxy_.set_endpoints({listener.address()});
  Client& asking = client();
  Talk& talk = asking.send(request_to("POST", "/"), "x");
  connection(asking).write_on();
  Socket endpoint = listener.accept();
  endpoint.read_bytes(http::frames::kPreface.size());  // what has not been sent would be tried again
  endpoint.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(over(talk).status, 502);
  EXPECT_NE(talk.heard.field("proxy-status"), "");
}

/// RFC 7541 section 7.1.3: an intermediary must not index it either, and not when it tries again.
TEST_F(Http2Exchanges, PassOnThatAFieldMustNeverBeIndexed) {
  Endpoint& refusing = endpoint();
  Endpoint& other = endpoint();
  set({refusing.address(), other.address()});
  refusing.on_end = [](Talk& talk) { talk.reset(Http2Error::refused_stream); };
  Socket asking = Socket::connect(port_);
  const std::string secret = http::frames::hpack_string("~~~~") + http::frames::hpack_string("~~~~");
  asking.send(http::frames::hello() +
              http::frames::frame(http::frames::kHeaders, http::frames::kEndHeaders | http::frames::kEndStream, 1,
                                  http::frames::block(http::frames::request()) + '\x10' + secret));
  arrived(other);
  for (Endpoint* one : {&refusing, &other}) {
    EXPECT_NE(connection(*one).received().find('\x10' + secret), std::string::npos);
  }
  other.talks[0]->send(answer_with(200), "x");
  expect_quiet(other);
}

TEST_F(Http2Exchanges, FreeEverythingOfAClientThatVanishesWithAHundredStreamsOpen) {
  Endpoint& one = endpoint();
  proxy_.set_endpoints({one.address()});
  Client& vanishing = client();
  for (int i = 0; i < 100; ++i) {
    Talk& talk = vanishing.open();
    talk.send_head(request_to("POST", "/"), false);
    talk.send_data("begun");
  }
  arrived(one, 100);
  for (std::size_t i = 0; i < 50; ++i) one.talks[i]->send_head(answer_with(200), false);
  EXPECT_EQ(proxy_.in_flight(one.address()), 100);
  vanishing.connections[0]->reset();
  expect_quiet(one);
  stage_.until("no stream at the endpoint", [&] { return connection(one).session().open_streams() == 0; });
  EXPECT_EQ(proxy_.connections(), 0);
  EXPECT_EQ(one.open_connections(), 1u);
  EXPECT_EQ(proxy_.outcomes(one.address(), Outcome::cancelled), 100u);
}

}  // namespace
}  // namespace outrigger::sidecar::test
