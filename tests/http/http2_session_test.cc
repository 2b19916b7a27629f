#include "http/http2_session.h"

#include <gtest/gtest.h>

#include "http/http2_pair.h"

namespace outrigger::http {
namespace {

TEST(Http2Session, CarriesARequestAndItsResponse) {
  Http2Pair pair;
  RequestHead request = a_request("POST", {{"Content-Type", "text/plain"}, {"Host", "a"}, {"Content-Length", "5"}});
  request.framing = Framing::length;
  request.content_length = 5;
  const StreamId id = pair.client.request(request, false);
  pair.client.session.send(id, "hello");
  pair.client.session.finish(id, {});
  pair.exchange();
  ASSERT_EQ(pair.server.requests.size(), 1u);
  EXPECT_EQ(pair.server.requests[0],
            "POST / at 'a' body length 5 2 keep-alive [content-type=text/plain] [content-length=5]");
  HeardStream& heard = *pair.server.streams[id];
  EXPECT_EQ(heard.body, "hello");
  EXPECT_EQ(heard.heard, "end");

  pair.server.session.respond(id, a_response(200, {{"Server", "s"}}), false);
  pair.server.session.send(id, "wor");
  pair.server.session.send(id, "ld");
  pair.server.session.finish(id, {});
  pair.exchange();
  EXPECT_EQ(pair.client.streams[id]->heard, "200 '' body chunked 2 keep-alive [server=s]|end|closed 0");
  EXPECT_EQ(pair.client.streams[id]->body, "world");
  EXPECT_EQ(heard.heard, "end|closed 0");
  EXPECT_EQ(pair.client.session.open_streams(), 0u);
  EXPECT_EQ(pair.server.session.open_streams(), 0u);
}

TEST(Http2Session, EndsAMessageWithItsHead) {
  Http2Pair pair;
  const StreamId id = pair.client.request(a_request(), true);
  pair.exchange();
  EXPECT_EQ(pair.server.requests[0], "GET / at 'a' body none 2 keep-alive");
  EXPECT_EQ(pair.server.streams[id]->heard, "");
  pair.server.session.respond(id, a_response(404), true);
  pair.exchange();
  EXPECT_EQ(pair.client.streams[id]->heard, "404 '' body none 2 keep-alive|closed 0");
  EXPECT_EQ(pair.server.streams[id]->heard, "closed 0");
}

TEST(Http2Session, CarriesInterimHeadsAndTrailersBothWays) {
  Http2Pair pair;
  const StreamId id = pair.client.request(a_request("POST"), false);
  const std::vector<Field> sent{{"Checksum", "1"}, {"Connection", "x"}, {"Content-Length", "3"}};
  pair.client.session.finish(id, sent);
  pair.exchange();
  EXPECT_EQ(pair.server.streams[id]->heard, "end [checksum=1]");

  pair.server.session.respond(id, a_response(103, {{"link", "l"}}), false);
  pair.server.session.respond(id, a_response(200), false);
  pair.server.session.send(id, "x");
  pair.exchange();
  const std::vector<Field> status{{"grpc-status", "0"}, {"grpc-message", ""}};
  pair.server.session.finish(id, status);
  pair.exchange();
  EXPECT_EQ(pair.client.streams[id]->heard,
            "103 '' body none 2 keep-alive [link=l]|200 '' body chunked 2 keep-alive|"
            "end [grpc-status=0] [grpc-message=]|closed 0");
}

}  // namespace
}  // namespace outrigger::http
