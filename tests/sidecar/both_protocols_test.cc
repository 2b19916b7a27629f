/// What holds whatever the client and the endpoint speak, in each of the four combinations of HTTP/1.1 and HTTP/2.
#include <gtest/gtest.h>

#include <algorithm>
#include <tuple>

#include "http2_peer.h"
#include "messages.h"
#include "proxy.h"

namespace outrigger::sidecar::test {
namespace {

using std::chrono::milliseconds;

std::string name_of(Speaks speaks) { return speaks == Speaks::http1 ? "Http1" : "Http2"; }

class AnyProtocols : public ::testing::TestWithParam<std::tuple<Speaks, Speaks>> {
 protected:
  AnyProtocols() {
    proxy_.options.protocol = endpoint_speaks() == Speaks::http2 ? model::Protocol::http2 : model::Protocol::http;
    proxy_.set_endpoints({endpoint_.address()});
  }

  Speaks client_speaks() const { return std::get<0>(GetParam()); }
  Speaks endpoint_speaks() const { return std::get<1>(GetParam()); }
  void answer_whole_requests(const Head& head, const std::string& body = {}, const Fields& trailers = {}) {
    endpoint_.on_end = [=](Talk& talk) { talk.send(head, body, trailers); };
  }
  Heard& answered(Talk& talk) {
    stage_.until("an answer", [&] { return talk.over(); });
    return talk.heard;
  }
  Talk& arrived(std::size_t count = 1) {
    stage_.until("a request", [&] { return endpoint_.talks.size() >= count; });
    return *endpoint_.talks[count - 1];
  }
  void expect_counted(std::uint64_t answers) {
    proxy_.eventually("all is counted off", [&] { return proxy_.in_flight(endpoint_.address()) == 0; });
    EXPECT_EQ(proxy_.all_requests(), answers);
    EXPECT_EQ(proxy_.durations(), answers);
    EXPECT_EQ(proxy_.all_outcomes(endpoint_.address()), answers);
  }

  Proxy proxy_;
  Stage stage_;
  Endpoint& endpoint_ = stage_.endpoint(endpoint_speaks());
  Client& client_ = stage_.client(
      client_speaks() == Speaks::http2 ? proxy_.listen("h2", kWeb, ListenerProtocol::http2) : proxy_.port(),
      client_speaks());
};

INSTANTIATE_TEST_SUITE_P(Spoken, AnyProtocols,
                         ::testing::Combine(::testing::Values(Speaks::http1, Speaks::http2),
                                            ::testing::Values(Speaks::http1, Speaks::http2)),
                         [](const auto& of) {
                           return name_of(std::get<0>(of.param)) + "To" + name_of(std::get<1>(of.param));
                         });

TEST_P(AnyProtocols, CarryAGet) {
  answer_whole_requests(answer_with(200, {{"x-answer", "a b"}}), "hello");
  Talk& talk = client_.send(request_to("GET", "/path?query", {{"x-asked", "for"}}));
  const Heard& answer = answered(talk);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.field("x-answer"), "a b");
  EXPECT_TRUE(answer.field("date").ends_with(" GMT")) << answer.field("date");
  EXPECT_EQ(answer.body, "hello");
  const Heard& request = endpoint_.talks[0]->heard;
  EXPECT_EQ(request.method, "GET");
  EXPECT_EQ(request.target, "/path?query");
  EXPECT_EQ(request.field("x-asked"), "for");
  EXPECT_EQ(request.field(endpoint_speaks() == Speaks::http2 ? ":authority" : "host"), "web");
  EXPECT_EQ(request.field("via"), client_speaks() == Speaks::http2 ? "2.0 outrigger" : "1.1 outrigger");
  expect_counted(1);
}

TEST_P(AnyProtocols, CarryBodiesOfAnySizeBothWaysWithAndWithoutTheirLength) {
  const std::vector<std::size_t> sizes{0, 1, 1'000, 64 << 10, 1 << 20};
  std::uint64_t count = 0;
  for (const std::size_t size : sizes) {
    for (const bool with_length : {false, true}) {
      const std::string body = pattern(size, 7);
      const std::string back = pattern(size, 8);
      Head ask = request_to("POST", "/");
      Head reply = answer_with(200);
      if (with_length) ask.length = reply.length = size;
      answer_whole_requests(reply, back);
      const Heard& answer = answered(client_.send(ask, body));
      EXPECT_EQ(answer.status, 200);
      EXPECT_TRUE(answer.body == back) << size;
      EXPECT_TRUE(endpoint_.talks.back()->heard.body == body) << size;
      if (with_length && size > 0) {
        EXPECT_EQ(endpoint_.talks.back()->heard.field("content-length"), std::to_string(size));
        EXPECT_EQ(answer.field("content-length"), std::to_string(size));
      }
      ++count;
    }
  }
  expect_counted(count);
}

TEST_P(AnyProtocols, CarryTrailersBothWays) {
  for (const std::string body : {"", "with a body"}) {
    answer_whole_requests(answer_with(200), body, {{"x-sum", "back"}, {"grpc-status", "0"}});
    const Heard& answer = answered(client_.send(request_to("POST", "/"), body, {{"x-sum", "there"}}));
    EXPECT_EQ(answer.body, body);
    EXPECT_EQ(answer.trailer("x-sum"), "back");
    EXPECT_EQ(answer.trailer("grpc-status"), "0");
    const Heard& request = endpoint_.talks.back()->heard;
    EXPECT_EQ(request.body, body);
    EXPECT_EQ(request.trailer("x-sum"), "there");
  }
  expect_counted(2);
}

/// HTTP/1.1 has none behind a body whose length is told.
TEST_P(AnyProtocols, CarryTrailersThatAreAnnouncedBesideALength) {
  if (endpoint_speaks() == Speaks::http1) return;
  for (const std::string body : {"", "with a body"}) {
    Head head = answer_with(200, {{"trailer", "x-sum"}});
    head.length = body.size();
    answer_whole_requests(head, body, {{"x-sum", "back"}});
    const Heard& answer = answered(client_.send(request_to("GET", "/")));
    EXPECT_EQ(answer.body, body);
    EXPECT_EQ(answer.trailer("x-sum"), "back");
  }
  expect_counted(2);
}

TEST_P(AnyProtocols, SendNoBodyForHeadAnd204And304) {
  Head length_told = answer_with(200);
  length_told.length = 5;
  answer_whole_requests(length_told);
  const Heard& to_head = answered(client_.send(request_to("HEAD", "/")));
  EXPECT_EQ(to_head.status, 200);
  EXPECT_EQ(to_head.field("content-length"), "5");
  EXPECT_EQ(to_head.body, "");
  for (const std::uint16_t status : {std::uint16_t{204}, std::uint16_t{304}}) {
    answer_whole_requests(answer_with(status, {{"x", "y"}}));
    const Heard& answer = answered(client_.send(request_to("GET", "/")));
    EXPECT_EQ(answer.status, status);
    EXPECT_EQ(answer.field("x"), "y");
    EXPECT_EQ(answer.field("content-length"), "");
    EXPECT_EQ(answer.body, "");
  }
  expect_counted(3);
}

TEST_P(AnyProtocols, PassInterimAnswersOn) {
  endpoint_.on_end = [](Talk& talk) {
    talk.send_head(answer_with(103, {{"link", "</a>"}}), false);
    talk.send_head(answer_with(103), false);
    talk.send(answer_with(200), "final");
  };
  const Heard& answer = answered(client_.send(request_to("GET", "/")));
  EXPECT_EQ(answer.interim, (std::vector<std::uint16_t>{103, 103}));
  EXPECT_EQ(answer.body, "final");
  expect_counted(1);
}

TEST_P(AnyProtocols, LetAClientThatExpectsItHearThatItMayGoOn) {
  Talk& talk = client_.open();
  talk.send_head(request_to("POST", "/", {{"expect", "100-continue"}}), false);
  Talk& request = arrived();
  EXPECT_EQ(request.heard.body, "");
  request.send_head(answer_with(100), false);
  stage_.until("100 Continue", [&] { return !talk.heard.interim.empty(); });
  EXPECT_EQ(talk.heard.interim.front(), 100);
  talk.send_data("now");
  talk.send_end();
  stage_.until("the body", [&] { return request.heard.ended; });
  EXPECT_EQ(request.heard.body, "now");
  request.send(answer_with(200), "done");
  EXPECT_EQ(answered(talk).body, "done");
  expect_counted(1);
}

TEST_P(AnyProtocols, PassAnAnswerOnThatComesBeforeTheWholeRequest) {
  endpoint_.on_head = [](Talk& talk) { talk.send(answer_with(413), "too much"); };
  Talk& talk = client_.open();
  talk.send_head(request_to("POST", "/"), false);
  talk.send_data(pattern(1'000));
  const Heard& answer = answered(talk);
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(answer.body, "too much");
  proxy_.eventually("all is counted off", [&] { return proxy_.in_flight(endpoint_.address()) == 0; });
  EXPECT_EQ(proxy_.requests(413), 1u);
}

TEST_P(AnyProtocols, StreamBothWaysAtOnce) {
  Talk& talk = client_.open();
  talk.send_head(request_to("POST", "/chat"), false);
  Talk& request = arrived();
  request.send_head(answer_with(200), false);
  std::string said;
  for (int turn = 0; turn < 20; ++turn) {
    const std::string word = "turn " + std::to_string(turn) + ";";
    said += word;
    talk.send_data(word);
    stage_.until("what the client says", [&] { return request.heard.body == said; });
    request.send_data(word);
    stage_.until("what the endpoint says", [&] { return talk.heard.body == said; });
  }
  talk.send_end();
  stage_.until("the client's end", [&] { return request.heard.ended; });
  request.send_end({{"grpc-status", "0"}});
  EXPECT_EQ(answered(talk).trailer("grpc-status"), "0");
  expect_counted(1);
}

TEST_P(AnyProtocols, StayOpenWhileBytesGoEitherWay) {
  constexpr milliseconds kIdle(250);
  proxy_.options.idle_timeout = kIdle;
  proxy_.set_endpoints({endpoint_.address()});
  const std::uint16_t port =
      proxy_.listen("idle", kWeb, client_speaks() == Speaks::http2 ? ListenerProtocol::http2 : ListenerProtocol::http);
  for (const bool up : {true, false}) {
    Client& client = stage_.client(port, client_speaks());
    Talk& talk = client.open();
    talk.send_head(request_to("POST", "/"), false);
    Talk& request = arrived(up ? 1 : 2);
    request.send_head(answer_with(200), false);
    stage_.until("the answer's head", [&] { return talk.heard.head; });
    Talk& sender = up ? talk : request;
    Talk& receiver = up ? request : talk;
    const auto since = net::Clock::now();
    while (net::Clock::now() - since < 2 * kIdle) {
      const std::size_t before = receiver.heard.body.size();
      sender.send_data("x");
      stage_.until("a byte", [&] { return receiver.heard.body.size() > before || talk.over(); });
      ASSERT_FALSE(talk.over()) << up;
      stage_.settle(milliseconds(10));
    }
    if (client_speaks() == Speaks::http2) {  // no GOAWAY has come, after which the connection would be closed
      EXPECT_TRUE(static_cast<Http2Peer&>(*client.connections[0]).session().can_request());
    }
    talk.send_end();
    request.send_end();
    EXPECT_TRUE(answered(talk).ended);
  }
}

TEST_P(AnyProtocols, CarryLargeHeads) {
  Fields fields;
  for (int i = 0; i < 100; ++i) {
    fields.emplace_back("x-" + std::to_string(i), std::string(500, static_cast<char>('a' + i % 26)));
  }
  answer_whole_requests(answer_with(200, fields), "after a large head");
  const Heard& answer = answered(client_.send(request_to("GET", "/" + std::string(5'000, 'p'), fields)));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "after a large head");
  const Heard& request = endpoint_.talks[0]->heard;
  EXPECT_EQ(request.target.size(), 5'001u);
  for (const auto& [name, value] : fields) {
    EXPECT_EQ(answer.field(name), value);
    EXPECT_EQ(request.field(name), value);
  }
  expect_counted(1);
}

TEST_P(AnyProtocols, CarryTwoHundredExchangesAtOnce) {
  constexpr std::size_t kCount = 200;
  std::vector<Talk*> talks;
  for (std::size_t i = 0; i < kCount; ++i) {
    talks.push_back(&client_.send(request_to("POST", "/" + std::to_string(i)), pattern(i * 10, 3)));
  }
  stage_.until("all requests", [&] {
    return endpoint_.talks.size() == kCount &&
           std::all_of(endpoint_.talks.begin(), endpoint_.talks.end(), [](Talk* talk) { return talk->heard.ended; });
  });
  EXPECT_EQ(proxy_.in_flight(endpoint_.address()), static_cast<std::int64_t>(kCount));
  if (endpoint_speaks() == Speaks::http2) {
    EXPECT_LE(endpoint_.connections.size(), 2u);  // before its settings come, an endpoint is taken to allow 100
  }
  // The last first.
  std::for_each(endpoint_.talks.rbegin(), endpoint_.talks.rend(),
                [](Talk* talk) { talk->send(answer_with(200), talk->heard.target + talk->heard.body); });
  for (std::size_t i = 0; i < kCount; ++i) {
    EXPECT_TRUE(answered(*talks[i]).body == "/" + std::to_string(i) + pattern(i * 10, 3)) << i;
  }
  expect_counted(kCount);
}

}  // namespace
}  // namespace outrigger::sidecar::test
