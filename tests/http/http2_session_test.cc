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

TEST(Http2Session, AddsADateWhereThereIsNone) {
  Http2Pair pair;
  const StreamId id = pair.client.request(a_request(), true);
  const StreamId dated = pair.client.request(a_request(), true);
  pair.exchange();
  pair.server.session.respond(id, a_response(103), false, "now");
  pair.server.session.respond(id, a_response(), true, "now");
  pair.server.session.respond(dated, a_response(200, {{"Date", "then"}}), true, "now");
  pair.exchange();
  EXPECT_EQ(pair.client.streams[id]->heard,
            "103 '' body none 2 keep-alive|200 '' body none 2 keep-alive [date=now]|closed 0");
  EXPECT_EQ(pair.client.streams[dated]->heard, "200 '' body none 2 keep-alive [date=then]|closed 0");
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

TEST(Http2Session, PassesOnWhatIsNotForThisHop) {
  Http2Pair pair;
  RequestHead request = a_request("GET", {{"Connection", "X-Own, TE"},
                                          {"X-Own", "1"},
                                          {"Keep-Alive", "5"},
                                          {"TE", "gzip, trailers"},
                                          {"Transfer-Encoding", "chunked"},
                                          {"Upgrade", "h2c"},
                                          {"Expect", "100-continue"},
                                          {"Via", "1.0 first"},
                                          {"X-Kept", "Value"}});
  request.version = Version::http11;
  request.accepts_trailers = true;
  auto& stream = pair.client.add(1);
  pair.client.session.request(request, {.via = true}, true, stream);
  pair.exchange();
  EXPECT_EQ(pair.server.requests[0],
            "GET / at 'a' body none 2 keep-alive accepts trailers [via=1.0 first] [x-kept=Value] [via=1.1 outrigger] "
            "[te=trailers]");

  request.version = Version::http10;
  auto& second = pair.client.add(3);
  pair.client.session.request(request, {.via = false}, true, second);
  pair.exchange();
  EXPECT_EQ(pair.server.requests[1],
            "GET / at 'a' body none 2 keep-alive accepts trailers [via=1.0 first] [x-kept=Value] [te=trailers]");

  pair.server.session.respond(1, a_response(200, {{"Connection", "X-Own"}, {"X-Own", "1"}, {"Server", "s"}}), true);
  pair.exchange();
  EXPECT_EQ(pair.client.streams[1]->heard, "200 '' body none 2 keep-alive [server=s]|closed 0");
}

TEST(Http2Session, TellsTheLengthOfABodyThatAHeadWouldHave) {
  Http2Pair pair;
  const StreamId id = pair.client.request(a_request("HEAD"), true);
  pair.exchange();
  ResponseHead head = a_response(200, {{"Content-Length", "123"}});
  head.content_length = 123;
  pair.server.session.respond(id, head, true);
  pair.exchange();
  EXPECT_EQ(pair.client.streams[id]->heard, "200 '' body none 2 keep-alive [content-length=123]|closed 0");
}

TEST(Http2Session, PassesOnThatABodyIsEmpty) {
  Http2Pair pair;
  pair.client.request(a_request("POST", {{"Content-Length", "0"}}), true);
  pair.exchange();
  EXPECT_EQ(pair.server.requests[0], "POST / at 'a' body none 2 keep-alive [content-length=0]");
}

TEST(Http2Session, RefusesWhatNobodyWantsToServe) {
  Http2Pair pair;
  pair.server.refuse_requests = true;
  const StreamId id = pair.client.request(a_request(), true);
  pair.exchange();
  EXPECT_EQ(pair.client.streams[id]->heard, "closed 7");
  EXPECT_EQ(pair.server.session.open_streams(), 0u);
}

TEST(Http2Session, TakesEveryCallFromWithinOnRequest) {
  Http2Pair pair;
  Http2Session& server = pair.server.session;
  const std::vector<Field> trailers{{"x", "y"}};
  pair.server.do_on_request = [&](StreamId id, const RequestHead&) {
    server.respond(id, a_response(), false);
    server.send(id, "hello");
    server.finish(id, trailers);
  };
  const StreamId answered = pair.client.request(a_request(), true);
  pair.exchange();
  EXPECT_EQ(pair.client.streams[answered]->heard, "200 '' body chunked 2 keep-alive|end [x=y]|closed 0");
  EXPECT_EQ(pair.server.streams[answered]->heard, "closed 0");

  pair.server.do_on_request = [&](StreamId id, const RequestHead&) { server.reset(id, Http2Error::cancel); };
  const StreamId reset = pair.client.request(a_request("POST"), false);
  pair.client.session.send(reset, "dropped");
  pair.client.session.finish(reset, {});
  pair.exchange();
  EXPECT_EQ(pair.client.streams[reset]->heard, "closed 8");
  EXPECT_EQ(pair.server.streams[reset]->heard, "closed 8");
  EXPECT_EQ(pair.server.streams[reset]->body, "");

  // Answered and detached, with a handler returned or none.
  for (const bool none : {false, true}) {
    pair.server.refuse_requests = none;
    pair.server.do_on_request = [&](StreamId id, const RequestHead&) {
      server.respond(id, a_response(), true);
      server.detach(id);
    };
    const StreamId detached = pair.client.request(a_request("POST"), false);
    pair.exchange();
    pair.client.session.send(detached, "dropped");
    pair.client.session.finish(detached, {});
    pair.exchange();
    EXPECT_EQ(pair.client.streams[detached]->heard, "200 '' body none 2 keep-alive|closed 0");
    if (!none) {
      EXPECT_EQ(pair.server.streams[detached]->heard, "");
    }
    EXPECT_EQ(server.open_streams(), 0u);
  }
}

TEST(Http2Session, HearsNothingBehindAReset) {
  Http2Pair pair;
  const StreamId id = pair.client.request(a_request("POST"), false);
  pair.client.session.send(id, std::string(30'000, 'x'));
  pair.client.session.finish(id, {});
  pair.server.do_on_request = [&](StreamId stream, const RequestHead&) {
    pair.server.streams[stream]->do_on_data = [&, stream](std::string_view) {
      pair.server.session.reset(stream, Http2Error::internal_error);
    };
  };
  pair.exchange();
  EXPECT_EQ(pair.server.streams[id]->heard, "closed 2");
  EXPECT_EQ(pair.server.streams[id]->body.size(), 16'384u);
  EXPECT_EQ(pair.client.streams[id]->heard, "closed 2");
  EXPECT_EQ(pair.client.session.queued(), 0u);
}

TEST(Http2Session, AHandlerMayGoInItsLastCall) {
  Http2Pair pair;
  const StreamId id = pair.client.request(a_request(), true);
  pair.client.streams[id]->do_on_closed = [&] {
    EXPECT_EQ(pair.client.session.queued(id), 0u);
    pair.client.session.reset(id, Http2Error::cancel);  // passed over
    pair.client.request(a_request(), true);
    auto gone = std::move(pair.client.streams[id]);
    gone->do_on_closed = nullptr;
  };
  pair.exchange();
  pair.server.session.respond(id, a_response(), true);
  pair.exchange();
  EXPECT_EQ(pair.client.streams[id], nullptr);
  EXPECT_EQ(pair.server.requests.size(), 2u);
}

TEST(Http2Session, AbandonEndsEveryStream) {
  Http2Pair pair;
  const StreamId first = pair.client.request(a_request("POST"), false);
  const StreamId second = pair.client.request(a_request("POST"), false);
  pair.client.session.send(first, "queued");
  pair.client.session.abandon(Http2Error::internal_error);
  EXPECT_EQ(pair.client.streams[first]->heard, "closed 2");
  EXPECT_EQ(pair.client.streams[second]->heard, "closed 2");
  EXPECT_TRUE(pair.client.session.over());
  EXPECT_FALSE(pair.client.session.wants_write());
  EXPECT_FALSE(pair.client.session.can_request());
  EXPECT_FALSE(pair.client.session.receive("x"));
  EXPECT_EQ(pair.client.session.queued(), 0u);
}

/// From within each call that a handler gets; what was under way then must touch nothing that has gone (asan, lsan).
TEST(Http2Session, MayBeAbandonedFromWithinAnyCall) {
  enum class Call { request, data, end, drained, closed };
  for (const Call call : {Call::request, Call::data, Call::end, Call::drained, Call::closed}) {
    Http2Pair pair;
    const auto abandon = [&] { pair.server.session.abandon(Http2Error::cancel); };
    pair.server.do_on_request = [&](StreamId id, const RequestHead&) {
      HeardStream& stream = *pair.server.streams[id];
      if (call == Call::request) abandon();
      if (call == Call::data) stream.do_on_data = [&](std::string_view) { abandon(); };
      if (call == Call::end) stream.do_on_end = abandon;
      if (call == Call::drained) stream.do_on_drained = abandon;
      if (call == Call::closed) stream.do_on_closed = abandon;
      pair.server.session.respond(id, a_response(), false);
      pair.server.session.send(id, "hello");
    };
    std::vector<StreamId> ids;
    for (int i = 0; i < 3; ++i) {
      ids.push_back(pair.client.request(a_request("POST"), false));
      pair.client.session.send(ids.back(), "hello");
      pair.client.session.finish(ids.back(), {});
    }
    pair.exchange();
    if (call == Call::closed) {
      pair.server.session.finish(ids[0], {});
      pair.exchange();
    }
    EXPECT_TRUE(pair.server.session.over());
    EXPECT_FALSE(pair.server.session.receive("x"));
    for (const auto& [id, stream] : pair.server.streams) EXPECT_TRUE(stream->closed.has_value()) << id;
  }

  // And of a client with requests that are not out yet.
  Http2Pair pair;
  for (int i = 0; i < 3; ++i) {
    const StreamId id = pair.client.request(a_request("POST"), false);
    pair.client.streams[id]->do_on_closed = [&] { pair.client.session.abandon(Http2Error::cancel); };
    pair.client.session.reset(id, Http2Error::cancel);
  }
  pair.exchange();
  for (const auto& [id, stream] : pair.client.streams) EXPECT_EQ(stream->heard, "closed 8") << id;
}

TEST(Http2Session, DrainsInTwoSteps) {
  Http2Pair pair;
  const StreamId before = pair.client.request(a_request(), true);
  pair.exchange();
  const StreamId on_its_way = pair.client.request(a_request(), true);
  const std::string sent = pair.client.take();
  pair.server.session.drain();
  pair.server.session.drain();
  EXPECT_TRUE(pair.client.session.receive(pair.server.take()));
  EXPECT_TRUE(pair.client.session.closing());
  EXPECT_FALSE(pair.client.session.can_request());
  EXPECT_EQ(pair.client.capacity_changes, 2);
  EXPECT_TRUE(pair.server.session.receive(sent));  // still served
  EXPECT_EQ(pair.server.requests.size(), 2u);
  pair.exchange();
  EXPECT_FALSE(pair.server.session.over());
  for (const StreamId id : {before, on_its_way}) pair.server.session.respond(id, a_response(), true);
  pair.exchange();
  for (const StreamId id : {before, on_its_way}) EXPECT_EQ(pair.client.streams[id]->closed, Http2Error::no_error);
  EXPECT_TRUE(pair.server.session.over());
  EXPECT_TRUE(pair.client.session.over());
}

TEST(Http2Session, AClientDrainsAtOnce) {
  Http2Pair pair;
  const StreamId id = pair.client.request(a_request(), true);
  pair.exchange();
  pair.client.session.drain();
  EXPECT_TRUE(pair.client.session.closing());
  EXPECT_FALSE(pair.client.session.can_request());
  pair.exchange();
  pair.server.session.respond(id, a_response(), true);
  pair.exchange();
  EXPECT_EQ(pair.client.streams[id]->closed, Http2Error::no_error);
  EXPECT_TRUE(pair.client.session.over());
  EXPECT_TRUE(pair.server.session.over());
}

TEST(Http2Session, OpensNoMoreStreamsThanTheOtherSideTakes) {
  Http2Pair pair{{.max_concurrent_streams = 2}};
  const StreamId first = pair.client.request(a_request(), true);
  EXPECT_TRUE(pair.client.session.can_request());
  pair.client.request(a_request(), true);
  EXPECT_FALSE(pair.client.session.can_request());
  EXPECT_FALSE(pair.client.session.closing());
  pair.exchange();
  pair.server.session.respond(first, a_response(), true);
  pair.exchange();
  EXPECT_TRUE(pair.client.session.can_request());
}

TEST(Http2Session, TellsHowManyBytesItHolds) {
  Http2Pair pair;
  const std::vector<Field> fields{{"x", "12345"}};
  const StreamId id = pair.client.request(a_request("POST", fields), false);
  const std::size_t head = pair.client.session.held();
  EXPECT_GT(head, 6u);
  EXPECT_LT(head, 100u);
  pair.client.session.send(id, "body");
  EXPECT_EQ(pair.client.session.held(), head + 4);
  pair.client.session.finish(id, fields);
  EXPECT_EQ(pair.client.session.held(), head + 4 + 6);
  pair.exchange();
  EXPECT_EQ(pair.client.session.held(), 0u);
  // What is never sent is held no longer either.
  pair.server.session.respond(id, a_response(200, fields), false);
  pair.server.session.send(id, "body");
  pair.server.session.finish(id, fields);
  EXPECT_GT(pair.server.session.held(), 4u + 6u);
  pair.server.session.reset(id, Http2Error::cancel);
  pair.exchange();
  EXPECT_EQ(pair.server.session.held(), 0u);
  const std::string large(300'000, 'x');
  const StreamId next = pair.client.request(a_request(), true);
  pair.exchange();
  pair.server.session.respond(next, a_response(200, {{"x", large}}), true);
  pair.exchange();
  EXPECT_EQ(pair.server.session.held(), 0u);
  pair.client.request(a_request(), true);
  pair.client.session.abandon(Http2Error::cancel);
  EXPECT_EQ(pair.client.session.held(), 0u);
}

TEST(Http2Session, ResetsAResponseWhoseHeadCannotBeSent) {
  Http2Pair pair;
  const StreamId id = pair.client.request(a_request(), true);
  pair.exchange();
  const std::string large(300'000, 'x');
  pair.server.session.respond(id, a_response(200, {{"x", large}}), true);
  pair.exchange();
  EXPECT_EQ(pair.client.streams[id]->heard, "closed 2");
  EXPECT_EQ(pair.server.streams[id]->heard, "closed 2");
}

}  // namespace
}  // namespace outrigger::http
