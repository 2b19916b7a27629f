/// Flow control from end to end: who does not read stops the one who sends, and nobody else.
#include <gtest/gtest.h>

#include <tuple>

#include "http2_peer.h"
#include "messages.h"
#include "proxy.h"

namespace outrigger::sidecar::test {
namespace {

constexpr std::size_t kLots = 16 << 20;
/// What may be on its way at most: two windows, the queue of a stream, and the kernel's buffers of two sockets.
constexpr std::size_t kOnTheWay = 8 << 20;
/// What the sidecar may hold of it: a stream's queue, its window, and what one read brings.
constexpr std::size_t kHeld = 512 << 10;

class Http2Flow : public ::testing::TestWithParam<std::tuple<Speaks, Speaks>> {
 protected:
  Http2Flow() {
    proxy_.options.protocol = std::get<1>(GetParam()) == Speaks::http2 ? model::Protocol::http2 : model::Protocol::http;
    proxy_.set_endpoints({endpoint_.address()});
  }
  Talk& arrived(std::size_t count = 1) {
    stage_.until("a request", [&] { return endpoint_.talks.size() >= count; });
    return *endpoint_.talks[count - 1];
  }
  /// Moves everything on for as long as bytes go.
  void settle(const Talk& sender) {
    std::size_t before = 0;
    do {
      before = sender.queued();
      stage_.settle();
    } while (sender.queued() != before);
  }
  std::uint64_t held() { return proxy_.held(); }

  Proxy proxy_;
  Stage stage_;
  Endpoint& endpoint_ = stage_.endpoint(std::get<1>(GetParam()));
  Client& client_ = stage_.client(
      std::get<0>(GetParam()) == Speaks::http2 ? proxy_.listen("h2", kWeb, ListenerProtocol::http2) : proxy_.port(),
      std::get<0>(GetParam()));
  const std::string body_ = pattern(kLots);
};

INSTANTIATE_TEST_SUITE_P(Spoken, Http2Flow,
                         ::testing::Values(std::tuple{Speaks::http2, Speaks::http2},
                                           std::tuple{Speaks::http2, Speaks::http1},
                                           std::tuple{Speaks::http1, Speaks::http2}));

TEST_P(Http2Flow, HoldsTheEndpointBackWhenTheClientDoesNotReadAStream) {
  Talk& slow = client_.send(request_to("GET", "/slow"));
  slow.pause(true);
  Talk& sender = arrived();
  sender.send(answer_with(200), body_);
  settle(sender);
  EXPECT_GT(sender.queued(), kLots - kOnTheWay);
  EXPECT_LE(held(), kHeld);
  // Others go on, over the same connections if these are shared.
  endpoint_.on_end = [&](Talk& talk) { talk.send(answer_with(200), pattern(200'000)); };
  Talk& other = client_.send(request_to("GET", "/other"));
  stage_.until("another answer", [&] { return other.over(); });
  EXPECT_TRUE(other.heard.body == pattern(200'000));
  slow.pause(false);
  stage_.until("the rest", [&] { return slow.over(); });
  EXPECT_TRUE(slow.heard.body == body_);
  EXPECT_EQ(held(), 0u);
}

TEST_P(Http2Flow, HoldsTheClientBackWhenTheEndpointDoesNotReadAStream) {
  endpoint_.on_head = [](Talk& talk) { talk.pause(talk.heard.target == "/slow"); };
  Talk& sender = client_.send(request_to("POST", "/slow"), body_);
  Talk& slow = arrived();
  slow.pause(true);
  settle(sender);
  EXPECT_GT(sender.queued(), kLots - kOnTheWay);
  EXPECT_LE(held(), kHeld);
  endpoint_.on_end = [&](Talk& talk) { talk.send(answer_with(200), talk.heard.body); };
  Talk& other = client_.send(request_to("POST", "/other"), pattern(200'000));
  stage_.until("another answer", [&] { return other.over(); });
  EXPECT_TRUE(other.heard.body == pattern(200'000));
  slow.pause(false);
  stage_.until("the rest", [&] { return sender.over(); });
  EXPECT_TRUE(slow.heard.body == body_);
  EXPECT_TRUE(sender.heard.body == body_);
}

TEST_P(Http2Flow, HoldsLittleForAClientWhoseSocketIsNotRead) {
  std::vector<Talk*> slow;
  for (int i = 0; i < 4; ++i) slow.push_back(&client_.send(request_to("GET", "/")));
  Talk& last = arrived(4);
  for (const auto& connection : client_.connections) connection->stop_reading();
  for (Talk* sender : endpoint_.talks) sender->send(answer_with(200), body_.substr(0, 4 << 20));
  settle(last);
  EXPECT_LE(held(), 4 * kHeld);
  for (const auto& connection : client_.connections) connection->stop_reading(false);
  for (Talk* one : slow) stage_.until("the rest", [&] { return one->over(); });
}

}  // namespace
}  // namespace outrigger::sidecar::test
