/// Peers that keep a connection busy for nothing (RFC 9113 section 10.5).
#include <gtest/gtest.h>

#include "http/http2_flood_guard.h"
#include "http/http2_frames.h"
#include "http/http2_pair.h"

namespace outrigger::http {
namespace {

using namespace frames;

/// How many times `make` may be sent, 100 a read, before the session ends; 0: it never does.
template <class Make>
int endured(Http2Side& side, int at_most, const Make& make) {
  constexpr int kAtOnce = 100;
  for (int sent = 0; sent < at_most; sent += kAtOnce) {
    std::string bytes;
    for (int i = 0; i < kAtOnce; ++i) bytes += make(sent + i);
    const bool goes_on = side.session.receive(bytes);
    const std::string answer = frames::describe(side.take());
    if (goes_on && !side.session.over()) continue;
    EXPECT_TRUE(answer.find("error 11") != std::string::npos || answer.find("error 2") != std::string::npos)
        << answer.substr(answer.rfind("GOAWAY"));
    EXPECT_TRUE(side.session.over());
    return sent + kAtOnce;
  }
  return 0;
}

std::unique_ptr<Http2Side> greeted_server() {
  auto side = std::make_unique<Http2Side>(Http2Session::Role::server);
  EXPECT_TRUE(side->session.receive(hello()));
  side->take();
  return side;
}

std::uint32_t odd(int i) { return static_cast<std::uint32_t>(2 * i + 1); }

constexpr int kMany = 30'000;
constexpr int kLimit = Http2FloodGuard::kLimit + 300;

TEST(Http2Flood, OfFramesThatDoNothingEndsTheConnection) {
  const std::string ping = frame(kPing, 0, 0, "12345678");
  const std::string priority = frame(kPriority, 0, 1, number(0, 4) + "x");
  for (const std::string& one : {ping, priority, settings(), settings({{4, 100}}), window_update(0, 1),
                                 frame(kData, 0, 1, ""), frame(kData, 8, 1, number(3, 1) + "123")}) {
    auto server = greeted_server();
    EXPECT_TRUE(server->session.receive(headers(1, 0, request())));
    const int count = endured(*server, kMany, [&](int) { return one; });
    EXPECT_GT(count, 100) << testing::PrintToString(one);
    EXPECT_LE(count, kLimit) << testing::PrintToString(one);
    server->session.abandon(Http2Error::enhance_your_calm);
    EXPECT_EQ(server->streams[1]->closed, Http2Error::enhance_your_calm);
  }
}

TEST(Http2Flood, OfAnUpstreamEndsTheConnection) {
  Http2Side client{Http2Session::Role::client};
  EXPECT_TRUE(client.session.receive(settings()));
  client.take();
  const int count = endured(client, kMany, [](int) { return frame(kPing, 0, 0, "12345678"); });
  EXPECT_GT(count, 0);
  EXPECT_LE(count, kLimit);
}

TEST(Http2Flood, OfAcksThatNobodyReadsEndsTheConnection) {
  auto server = greeted_server();
  std::string pings;
  for (int i = 0; i < 1001; ++i) pings += frame(kPing, 0, 0, "12345678");
  EXPECT_FALSE(server->session.receive(pings));
  EXPECT_EQ(frames::describe(server->take()), "GOAWAY last 0 error 11");
}

TEST(Http2Flood, OfResetsEndsTheConnection) {
  auto server = greeted_server();
  const int count = endured(*server, kMany, [](int i) { return get(odd(i)) + rst(odd(i), 8); });
  EXPECT_GT(count, 900);
  EXPECT_LE(count, 2000);
  EXPECT_EQ(server->session.open_streams(), 0u);
}

TEST(Http2Flood, OfRequestsSentToBeResetEndsTheConnection) {
  const std::vector<std::function<std::string(std::uint32_t)>> ways{
      [](std::uint32_t id) {
        return headers(id, kEndStream, request({{"connection", "x"}}));
      },
      [](std::uint32_t id) {
        return headers(id, kEndStream, request({{"host", "b"}}));
      },
      [](std::uint32_t id) { return get(id) + window_update(id, 0x7fffffff); },
      [](std::uint32_t id) {
        return headers(id, 0, request({{"content-length", "1"}})) + frame(kData, kEndStream, id, "22");
      },
  };
  for (std::size_t way = 0; way < ways.size(); ++way) {
    auto server = greeted_server();
    const int count = endured(*server, kMany, [&](int i) { return ways[way](odd(i)); });
    EXPECT_GT(count, 0) << way;
    EXPECT_LE(count, 400) << way;
  }
}

TEST(Http2Flood, OfContinuationsEndsTheConnection) {
  for (const std::string& piece : {std::string{}, block({{"x", std::string(100, 'x')}})}) {
    auto server = greeted_server();
    const auto one = [&](int i) {
      return i == 0 ? frame(kHeaders, kEndStream, 1, block(request())) : frame(kContinuation, 0, 1, piece);
    };
    EXPECT_EQ(endured(*server, kMany, one), 100);
  }
}

TEST(Http2Flood, OfSettingsInOneFrameEndsTheConnection) {
  auto server = greeted_server();
  std::vector<std::pair<std::uint16_t, std::uint32_t>> entries;
  for (int i = 0; i < 33; ++i) entries.push_back({static_cast<std::uint16_t>(0x100 + i), 0});
  EXPECT_TRUE(server->session.receive(settings({entries.begin() + 1, entries.end()})));
  server->take();
  (void)server->session.receive(settings(entries));
  EXPECT_EQ(frames::describe(server->take()), "GOAWAY last 0 error 11");
  EXPECT_TRUE(server->session.over());
}

TEST(Http2Flood, IsNotWhatUsePeersDo) {
  auto server = greeted_server();
  // A client that reads a large response, and tells each byte.
  EXPECT_TRUE(server->session.receive(get(1)));
  server->session.respond(1, a_response(), false);
  const std::string body(1'000, 'x');
  for (int i = 0; i < kMany; ++i) {
    server->session.send(1, body);
    server->take();
    ASSERT_TRUE(
        server->session.receive(window_update(1, 1'000) + window_update(0, 1'000) + frame(kPing, 0, 0, "12345678")))
        << i;
  }
  // One that asks again and again.
  for (int i = 1; i < kMany; ++i) {
    ASSERT_TRUE(server->session.receive(get(odd(i)) + window_update(0, 1))) << i;
    server->session.respond(static_cast<StreamId>(odd(i)), a_response(), true);
    server->take();
  }
}

}  // namespace
}  // namespace outrigger::http
