/// Random messages in random pieces, many at once, in each combination of HTTP/1.1 and HTTP/2; some are cancelled by
/// either side. What ends well is whole and right, and everything is counted off.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iostream>
#include <map>
#include <random>
#include <tuple>

#include "messages.h"
#include "peer.h"
#include "proxy.h"

namespace outrigger::sidecar::test {
namespace {

/// A message, and how much of it has been sent.
struct Sent {
  Fields fields;
  std::string body;
  Fields trailers;
  std::size_t at = 0;
  bool finished = false;
};

struct Pair {
  Talk* client = nullptr;
  Talk* endpoint = nullptr;  ///< null until the request has arrived
  Sent request;
  Sent answer;
  bool answering = false;
  bool cancelled = false;  ///< by one side
  bool done = false;
};

class RandomExchanges : public ::testing::TestWithParam<std::tuple<Speaks, Speaks>> {
 protected:
  static constexpr std::size_t kCount = 300;
  static constexpr std::size_t kAtOnce = 40;

  void run(std::uint32_t seed) {
    random_.seed(seed);
    proxy_.options.policy = model::PolicyKind::round_robin;
    proxy_.options.protocol = std::get<1>(GetParam()) == Speaks::http2 ? model::Protocol::http2 : model::Protocol::http;
    proxy_.set_endpoints({endpoints_[0]->address(), endpoints_[1]->address()});
    for (Endpoint* endpoint : endpoints_) {
      endpoint->on_head = [this](Talk& talk) { pairs_.at(number_of(talk.heard.target)).endpoint = &talk; };
    }
    std::size_t over = 0;
    while (over < kCount) {
      if (pairs_.size() < kCount && pairs_.size() - over < kAtOnce) begin();
      for (auto& [number, pair] : pairs_) {
        if (!pair.done) go_on(pair);
      }
      stage_.settle(std::chrono::milliseconds(0));
      over = 0;
      for (auto& [number, pair] : pairs_) over += is_done(number, pair) ? std::size_t{1} : 0;
    }
    check_counts();
  }

 private:
  std::size_t below(std::size_t bound) { return random_() % bound; }
  static std::size_t number_of(const std::string& target) { return std::stoul(target.substr(1)); }

  Sent message() {
    constexpr std::array<std::size_t, 6> kSizes{0, 1, 100, 5'000, 70'000, 400'000};
    Sent made;
    for (std::size_t i = below(4); i > 0; --i) {
      made.fields.emplace_back("x-field-" + std::to_string(i), std::string(below(300), 'f'));
    }
    const std::size_t size = kSizes[below(kSizes.size())];
    made.body = pattern(size > 1 ? below(size) : size, static_cast<std::uint32_t>(random_()));
    for (std::size_t i = below(3); i > 0; --i) {
      made.trailers.emplace_back("x-trailer-" + std::to_string(i), std::string(below(100), 't'));
    }
    return made;
  }

  void begin() {
    const std::size_t number = pairs_.size();
    Pair& pair = pairs_[number];
    pair.request = message();
    pair.answer = message();
    pair.client = &client_.open();
    pair.client->send_head(request_to("POST", "/" + std::to_string(number), pair.request.fields), false);
  }

  void go_on(Pair& pair) {
    if (pair.cancelled) return;
    if (below(2'000) == 0) {
      pair.cancelled = true;
      return pair.client->reset(http::Http2Error::cancel);
    }
    send_some(*pair.client, pair.request);
    if (pair.endpoint == nullptr || pair.endpoint->heard.closed) return;
    // Behind its answer the connection of an HTTP/1.1 endpoint may serve another request already.
    if (!pair.answer.finished && below(2'000) == 0) {
      pair.cancelled = true;
      return pair.endpoint->reset(http::Http2Error::internal_error);
    }
    if (!pair.answering) {
      if (below(3) == 0) return;
      pair.answering = true;
      pair.endpoint->send_head(answer_with(200, pair.answer.fields), false);
    }
    // An answer that ends before its request would end that too.
    const bool may_end = pair.endpoint->heard.ended;
    send_some(*pair.endpoint, pair.answer, may_end);
  }

  void send_some(Talk& talk, Sent& message, bool may_end = true) {
    if (message.finished || talk.heard.closed || below(3) == 0) return;
    const std::string_view piece = std::string_view(message.body).substr(message.at, 1 + below(50'000));
    if (!piece.empty()) talk.send_data(piece);
    message.at += piece.size();
    if (message.at < message.body.size() || !may_end) return;
    message.finished = true;
    talk.send_end(message.trailers);
  }

  bool is_done(std::size_t number, Pair& pair) {
    if (pair.done) return true;
    if (!pair.client->over() && !(pair.cancelled && pair.client->heard.closed)) return false;
    pair.done = true;
    if (pair.cancelled) return true;
    const Heard& answer = pair.client->heard;
    EXPECT_EQ(answer.status, 200) << number;
    EXPECT_FALSE(answer.closed && *answer.closed != http::Http2Error::no_error) << number;
    expect_same(number, answer, pair.answer);
    if (pair.endpoint != nullptr) expect_same(number, pair.endpoint->heard, pair.request);
    return true;
  }

  static void expect_same(std::size_t number, const Heard& heard, const Sent& sent) {
    EXPECT_TRUE(heard.body == sent.body) << number << ": " << heard.body.size() << " for " << sent.body.size();
    EXPECT_EQ(heard.trailers, sent.trailers) << number;
    for (const auto& [name, value] : sent.fields) EXPECT_EQ(heard.field(name), value) << number;
  }

  void check_counts() {
    std::uint64_t outcomes = 0;
    for (Endpoint* endpoint : endpoints_) {
      stage_.until("nothing in flight", [&] { return proxy_.in_flight(endpoint->address()) == 0; });
      outcomes += proxy_.all_outcomes(endpoint->address());
    }
    const auto cancelled = static_cast<std::uint64_t>(
        std::count_if(pairs_.begin(), pairs_.end(), [](const auto& numbered) { return numbered.second.cancelled; }));
    EXPECT_GE(proxy_.requests(200), kCount - cancelled);
    EXPECT_GE(outcomes, kCount - cancelled);
    EXPECT_LE(outcomes, kCount + proxy_.retries());
    // What was on its way to a peer when its request was cancelled is held until that peer has read it.
    stage_.until("nothing held", [&] { return proxy_.held() == 0; });
  }

  std::mt19937 random_;
  Proxy proxy_;
  Stage stage_;
  std::vector<Endpoint*> endpoints_{&stage_.endpoint(std::get<1>(GetParam())),
                                    &stage_.endpoint(std::get<1>(GetParam()))};
  Client& client_ = stage_.client(
      std::get<0>(GetParam()) == Speaks::http2 ? proxy_.listen("h2", kWeb, ListenerProtocol::http2) : proxy_.port(),
      std::get<0>(GetParam()));
  std::map<std::size_t, Pair> pairs_;
};

INSTANTIATE_TEST_SUITE_P(Spoken, RandomExchanges,
                         ::testing::Combine(::testing::Values(Speaks::http1, Speaks::http2),
                                            ::testing::Values(Speaks::http1, Speaks::http2)));

TEST_P(RandomExchanges, ArriveIntactOrAreSeenToEnd) {
  const char* const given = std::getenv("OUTRIGGER_TEST_SEED");
  const std::uint32_t seed = given != nullptr ? static_cast<std::uint32_t>(std::stoul(given)) : std::random_device{}();
  std::cout << "OUTRIGGER_TEST_SEED=" << seed << std::endl;
  run(seed);
}

}  // namespace
}  // namespace outrigger::sidecar::test
