#include <gtest/gtest.h>

#include "http/http2_pair.h"

namespace outrigger::http {
namespace {

/// A request of which the server has seen the head and no end.
StreamId unended_request(Http2Pair& pair) {
  pair.server.do_on_request = [&pair](StreamId id, const RequestHead&) { pair.server.add(id); };
  const StreamId id = pair.client.request(a_request("POST", {}), /*end=*/false);
  pair.exchange();
  return id;
}

TEST(Http2EarlyAnswer, EndsTheStreamOfARequestThatHasNotEndedOnceItIsDetached) {
  Http2Pair pair;
  const StreamId id = unended_request(pair);
  pair.server.session.respond(id, a_response(503), /*end=*/true);
  pair.server.session.detach(id);
  pair.exchange();
  EXPECT_EQ(pair.client.streams[id]->status, 503);
  EXPECT_EQ(pair.client.streams[id]->closed, Http2Error::no_error);
  EXPECT_EQ(pair.server.session.open_streams(), 0u);
}

TEST(Http2EarlyAnswer, EndsItAlsoWhenTheAnswerHasGoneBefore) {
  Http2Pair pair;
  const StreamId id = unended_request(pair);
  pair.server.session.respond(id, a_response(503), /*end=*/true);
  pair.exchange();
  EXPECT_EQ(pair.server.session.open_streams(), 1u);
  pair.server.session.detach(id);
  pair.exchange();
  EXPECT_EQ(pair.client.streams[id]->closed, Http2Error::no_error);
  EXPECT_EQ(pair.server.session.open_streams(), 0u);
}

TEST(Http2EarlyAnswer, IsWholeBeforeItsStreamIsEnded) {
  Http2Pair pair;
  const StreamId id = unended_request(pair);
  ResponseHead head = a_response(200);
  head.framing = Framing::chunked;
  pair.server.session.respond(id, head, /*end=*/false);
  pair.server.session.send(id, std::string(200'000, 'x'));
  pair.server.session.finish(id, {});
  pair.server.session.detach(id);
  pair.exchange();
  EXPECT_EQ(pair.client.streams[id]->body.size(), 200'000u);
  EXPECT_TRUE(pair.client.streams[id]->ended);
  EXPECT_EQ(pair.client.streams[id]->closed, Http2Error::no_error);
  EXPECT_EQ(pair.server.session.open_streams(), 0u);
}

}  // namespace
}  // namespace outrigger::http
