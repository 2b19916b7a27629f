/// How HTTP/2 connections of clients end, politely or not.
#include <gtest/gtest.h>

#include "http/http2_frames.h"
#include "http2_peer.h"
#include "messages.h"
#include "proxy.h"

namespace outrigger::sidecar::test {
namespace {

using std::chrono::milliseconds;
namespace frames = http::frames;

class Http2Ends : public ::testing::Test {
 protected:
  Http2Ends() {
    proxy_.options.protocol = model::Protocol::http2;
    proxy_.set_endpoints({endpoint_.address()});
    port_ = proxy_.listen("h2", kWeb, ListenerProtocol::http2);
  }
  Talk& arrived(std::size_t count = 1) {
    stage_.until("a request", [&] { return endpoint_.talks.size() >= count; });
    return *endpoint_.talks[count - 1];
  }
  /// A connection that writes what it is told to, after the preface, and what has come on it in the end.
  Socket raw() {
    Socket socket = Socket::connect(port_);
    socket.send(frames::hello());
    return socket;
  }
  /// Sends it, many times if need be, until the connection has ended. Returns what came.
  std::string flood(Socket& socket, const std::function<std::string(std::uint32_t)>& make) {
    for (std::uint32_t i = 0; i < 30'000 && !ended(socket); i += 100) {
      std::string bytes;
      for (std::uint32_t k = i; k < i + 100; ++k) bytes += make(k);
      socket.send_until_stuck(bytes, milliseconds(200));
      proxy_.sync();
      stage_.settle(milliseconds(0));
    }
    socket.half_close();
    return socket.read_to_end();
  }
  void set_head_timeout() {
    HttpSettings settings;
    settings.head_timeout = kHeadTimeout;
    proxy_.worker().configure(settings, {.connections = 1'000, .buffered_bytes = 64 << 20});
  }
  static bool ended(const Socket& socket) {
    pollfd polled{.fd = socket.fd(), .events = POLLRDHUP, .revents = 0};
    return ::poll(&polled, 1, 0) > 0;
  }

  static constexpr milliseconds kHeadTimeout{100};

  Proxy proxy_;
  Stage stage_;
  Endpoint& endpoint_ = stage_.endpoint(Speaks::http2);
  std::uint16_t port_;
};

TEST_F(Http2Ends, DrainingServesWhatIsOnItsWayFinishesStreamsAndCloses) {
  Client& client = stage_.client(port_, Speaks::http2);
  auto& connection = static_cast<Http2Peer&>(*client.connections[0]);
  Talk& first = client.send(request_to("GET", "/1"));
  arrived();
  proxy_.worker().drain();
  proxy_.sync();
  // The client has not heard of it yet.
  Talk& second = client.send(request_to("GET", "/2"));
  connection.write_on();
  arrived(2);
  const auto heard = [&](const char* frame) {
    return frames::describe(connection.received()).find(frame) != std::string::npos;
  };
  stage_.until("the second GOAWAY", [&] { return heard("GOAWAY last 3 error 0"); });
  EXPECT_TRUE(heard("GOAWAY last 2147483647 error 0"));
  EXPECT_FALSE(connection.session().can_request());
  for (Talk* talk : endpoint_.talks) talk->send(answer_with(200), talk->heard.target);
  stage_.until("both answers", [&] { return first.over() && second.over(); });
  EXPECT_EQ(first.heard.body, "/1");
  EXPECT_EQ(second.heard.body, "/2");
  stage_.until("the connection's end", [&] { return !connection.open(); });
  EXPECT_EQ(proxy_.connections(), 0);
}

TEST_F(Http2Ends, DrainingClosesAnIdleConnectionAtOnce) {
  Client& client = stage_.client(port_, Speaks::http2);
  Client& unused = stage_.client(port_, Speaks::http2);
  endpoint_.on_end = [](Talk& talk) { talk.send(answer_with(200), "x"); };
  Talk& talk = client.send(request_to("GET", "/1"));
  stage_.until("an answer", [&] { return talk.over(); });
  proxy_.worker().drain();
  stage_.until("the connections' ends",
               [&] { return !client.connections[0]->open() && !unused.connections[0]->open(); });
  EXPECT_EQ(proxy_.connections(), 0);
}

TEST_F(Http2Ends, AnIdleConnectionEndsAfterTheIdleTimeout) {
  proxy_.options.idle_timeout = milliseconds(50);
  proxy_.set_endpoints({endpoint_.address()});
  Client& client = stage_.client(port_, Speaks::http2);
  stage_.until("the connection's end", [&] { return !client.connections[0]->open(); });
  EXPECT_EQ(proxy_.connections(), 0);
}

TEST_F(Http2Ends, WhatAClientSendsBehindItsGoawayDoesNotResetTheConnection) {
  Socket socket = raw();
  socket.send(frames::goaway(0, 0));
  proxy_.eventually("the sidecar's end", [&] { return ended(socket); });
  for (int i = 0; i < 3; ++i) {
    socket.send(frames::frame(frames::kPing, 0, 0, "12345678"));
    proxy_.sync();
  }
  EXPECT_EQ(proxy_.connections(), 1) << "it lingers";
  socket.half_close();
  EXPECT_EQ(frames::describe(socket.read_to_end()), "");
  EXPECT_FALSE(socket.was_reset());
  proxy_.eventually("no connection", [&] { return proxy_.connections() == 0; });
}

TEST_F(Http2Ends, AHeadThatDoesNotComeInTimeEndsTheConnection) {
  set_head_timeout();
  const std::string head = frames::headers(1, frames::kEndStream, frames::request());
  const std::string part = frames::frame(frames::kHeaders, frames::kEndStream, 1, frames::block(frames::request()));
  for (const std::string& begun : {head.substr(0, head.size() - 1), part}) {
    Socket socket = raw();
    socket.send(begun);
    EXPECT_EQ(frames::describe(socket.read_to_end()), "GOAWAY last 1 error 11");
  }
  EXPECT_TRUE(endpoint_.talks.empty());
}

TEST_F(Http2Ends, HeadsThatComeInTimeEndNothingThoughOneIsAlwaysUnderWay) {
  set_head_timeout();
  endpoint_.on_end = [](Talk& talk) { talk.send(answer_with(204), ""); };
  Socket socket = raw();
  const auto begin = net::Clock::now();
  std::size_t heads = 0;
  std::string rest;
  for (std::uint32_t id = 1; net::Clock::now() < begin + 5 * kHeadTimeout; id += 2) {
    const std::string head = frames::get(id);
    socket.send(rest + head.substr(0, 12));
    rest = head.substr(12);
    stage_.until("a request", [&] { return endpoint_.talks.size() == heads; });
    ++heads;
  }
  socket.send(rest);
  stage_.until("the last request", [&] { return endpoint_.talks.size() == heads; });
}

TEST_F(Http2Ends, AConnectionToAnEndpointTakesNothingNewPastItsAge) {
  proxy_.options.max_connection_age = milliseconds(30);
  proxy_.set_endpoints({endpoint_.address()});
  Client& client = stage_.client(port_, Speaks::http2);
  Talk& first = client.send(request_to("GET", "/1"));
  arrived();
  const auto made = net::Clock::now();
  stage_.until("its age", [&] { return net::Clock::now() > made + milliseconds(50); });
  Talk& second = client.send(request_to("GET", "/2"));
  arrived(2);
  EXPECT_EQ(endpoint_.connections.size(), 2u);
  for (Talk* talk : endpoint_.talks) talk->send(answer_with(200), talk->heard.target);
  stage_.until("both answers", [&] { return first.over() && second.over(); });
  EXPECT_EQ(first.heard.body, "/1");
  stage_.until("the old one's end", [&] { return !endpoint_.connections[0]->open(); });
}

TEST_F(Http2Ends, FloodsEndTheirConnectionAndNoOther) {
  Client& bystander = stage_.client(port_, Speaks::http2);
  Talk& open = bystander.send(request_to("GET", "/bystander"));
  arrived();
  const auto id = [](std::uint32_t i) { return 2 * i + 1; };
  const std::vector<std::pair<const char*, std::function<std::string(std::uint32_t)>>> floods{
      {"rapid reset", [&](std::uint32_t i) { return frames::get(id(i)) + frames::rst(id(i), 8); }},
      {"ping", [](std::uint32_t) { return frames::frame(frames::kPing, 0, 0, "12345678"); }},
      {"settings", [](std::uint32_t) { return frames::settings(); }},
      {"empty data",
       [](std::uint32_t i) {
         return i == 0 ? frames::headers(1, 0, frames::request()) : frames::frame(frames::kData, 0, 1, "");
       }},
      {"continuation",
       [](std::uint32_t i) {
         return i == 0 ? frames::frame(frames::kHeaders, 0, 1, frames::block(frames::request()))
                       : frames::frame(frames::kContinuation, 0, 1, "");
       }},
  };
  for (const auto& [name, make] : floods) {
    Socket socket = raw();
    const std::string came = flood(socket, make);
    if (!socket.was_reset()) {
      EXPECT_NE(frames::describe(came).find("GOAWAY"), std::string::npos) << name;
    }
    stage_.until("one in flight", [&] { return proxy_.in_flight(endpoint_.address()) == 1; });
    EXPECT_EQ(proxy_.connections(), 1) << name;
    for (const auto& connection : endpoint_.connections) {
      EXPECT_LE(static_cast<Http2Peer&>(*connection).session().open_streams(), 1u) << name;
    }
  }
  endpoint_.talks[0]->send(answer_with(200), "undisturbed");
  stage_.until("an answer", [&] { return open.over(); });
  EXPECT_EQ(open.heard.body, "undisturbed");
}

}  // namespace
}  // namespace outrigger::sidecar::test
