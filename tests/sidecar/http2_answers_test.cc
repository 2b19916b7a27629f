/// What the sidecar itself answers on HTTP/2, and to gRPC clients.
#include <gtest/gtest.h>

#include "messages.h"
#include "peer.h"
#include "proxy.h"

namespace outrigger::sidecar::test {
namespace {

using std::chrono::milliseconds;

class Http2Answers : public ::testing::Test {
 protected:
  Http2Answers() {
    proxy_.options.protocol = model::Protocol::http2;
    port_ = proxy_.listen("h2", kWeb, ListenerProtocol::http2);
  }
  Heard ask(const Fields& fields = {}, const std::string& body = "x") {
    Talk& talk = stage_.client(port_, Speaks::http2).send(request_to("POST", "/a.Service/Method", fields), body);
    stage_.until("an answer", [&] { return talk.over(); });
    return talk.heard;
  }
  void expect_answer(std::uint16_t status, const std::string& error) {
    const Heard answer = ask();
    EXPECT_EQ(answer.status, status);
    EXPECT_EQ(answer.field("proxy-status"), "outrigger; error=" + error);
    EXPECT_EQ(answer.field("content-type"), "text/plain; charset=utf-8");
    EXPECT_NE(answer.body, "");
    EXPECT_EQ(proxy_.requests(status), 1u);
  }
  /// Trailers-Only: one block of fields that ends the stream.
  void expect_grpc(const std::string& number, const std::string& error) {
    const Heard answer = ask({{"content-type", "application/grpc+proto"}, {"te", "trailers"}});
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.field("content-type"), "application/grpc");
    EXPECT_EQ(answer.field("grpc-status"), number);
    EXPECT_NE(answer.field("grpc-message"), "");
    EXPECT_EQ(answer.field("proxy-status"), "outrigger; error=" + error);
    EXPECT_EQ(answer.body, "");
    EXPECT_TRUE(answer.trailers.empty());
    EXPECT_TRUE(answer.ended);
  }

  Proxy proxy_;
  Stage stage_;
  std::uint16_t port_;
};

TEST_F(Http2Answers, SayThatThereIsNoEndpoint) {
  proxy_.set_endpoints({});
  expect_answer(503, "destination_unavailable");
  expect_grpc("14", "destination_unavailable");
}

TEST_F(Http2Answers, SayThatConnectionsAreRefused) {
  Listener listener;
  proxy_.set_endpoints({listener.address()});
  listener.close();
  expect_answer(502, "connection_refused");
  expect_grpc("14", "connection_refused");
}

TEST_F(Http2Answers, SayThatAConnectionWasNotMadeInTime) {
  HangingAddress hanging;
  proxy_.options.connect_timeout = milliseconds(50);
  proxy_.set_endpoints({hanging.address()});
  expect_answer(504, "connection_timeout");
  expect_grpc("14", "connection_timeout");
}

TEST_F(Http2Answers, SayThatNoAnswerCameInTime) {
  Endpoint& silent = stage_.endpoint(Speaks::http2);
  proxy_.options.timeout = milliseconds(50);
  proxy_.set_endpoints({silent.address()});
  expect_answer(504, "http_response_timeout");
  expect_grpc("4", "http_response_timeout");
  stage_.until("the streams' ends", [&] {
    return silent.talks.size() == 2 && silent.talks[0]->heard.closed && silent.talks[1]->heard.closed;
  });
  EXPECT_EQ(silent.talks[0]->heard.closed, http::Http2Error::cancel);
  EXPECT_EQ(proxy_.outcomes(silent.address(), Outcome::timeout), 2u);
  EXPECT_EQ(silent.connections.size(), 1u);
}

TEST_F(Http2Answers, SayThatABodyIsTooLarge) {
  Endpoint& endpoint = stage_.endpoint(Speaks::http2);
  proxy_.set_endpoints({endpoint.address()});
  HttpSettings settings;
  settings.max_body_bytes = 10;
  proxy_.worker().configure(settings, {.connections = 1'000, .buffered_bytes = 64 << 20});
  proxy_.sync();
  Heard answer = ask({}, std::string(11, 'x'));
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(answer.field("proxy-status"), "outrigger; error=http_request_error");
  answer = ask({{"content-type", "application/grpc"}}, std::string(11, 'x'));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.field("grpc-status"), "8");
  Head told = request_to("POST", "/");
  told.length = 11;
  Talk& talk = stage_.client(port_, Speaks::http2).send(told, std::string(11, 'x'));
  stage_.until("an answer", [&] { return talk.over(); });
  EXPECT_EQ(talk.heard.status, 413);
  proxy_.eventually("nothing in flight", [&] { return proxy_.in_flight(endpoint.address()) == 0; });
}

TEST_F(Http2Answers, SayThatAHeadIsTooLarge) {
  Endpoint& endpoint = stage_.endpoint(Speaks::http2);
  proxy_.set_endpoints({endpoint.address()});
  proxy_.worker().configure({.max_head_bytes = 2'048, .max_target_bytes = 1'024, .max_fields = 16},
                            {.connections = 1'000, .buffered_bytes = 64 << 20});
  proxy_.sync();
  const Fields many(17, {"x", "1"});
  for (const auto& [status, request] : {std::pair{431, request_to("GET", "/", {{"x", std::string(2'048, 'x')}})},
                                        {431, request_to("GET", "/", many)},
                                        {414, request_to("GET", "/" + std::string(1'024, 'x'))}}) {
    Talk& talk = stage_.client(port_, Speaks::http2).send(request);
    stage_.until("an answer", [&] { return talk.over(); });
    EXPECT_EQ(talk.heard.status, status);
    EXPECT_EQ(talk.heard.field("proxy-status"), "outrigger; error=http_request_error");
    EXPECT_TRUE(talk.heard.field("date").ends_with(" GMT")) << talk.heard.field("date");
  }
  EXPECT_TRUE(endpoint.talks.empty());
  EXPECT_EQ(proxy_.requests(431), 2u);
  EXPECT_EQ(proxy_.requests(414), 1u);
}

TEST_F(Http2Answers, SayThatThereIsNoSuchService) {
  proxy_.forget(kWeb);
  expect_grpc("14", "destination_unavailable");
}

TEST_F(Http2Answers, HaveNoBodyForHead) {
  proxy_.set_endpoints({});
  Talk& talk = stage_.client(port_, Speaks::http2).send(request_to("HEAD", "/"));
  stage_.until("an answer", [&] { return talk.over(); });
  EXPECT_EQ(talk.heard.status, 503);
  EXPECT_EQ(talk.heard.body, "");
}

}  // namespace
}  // namespace outrigger::sidecar::test
