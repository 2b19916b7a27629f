/// Flow control: a slow reader stops the sender, and every window is opened again in the end.
#include <gtest/gtest.h>

#include "http/http2_frames.h"
#include "http/http2_pair.h"

namespace outrigger::http {
namespace {

constexpr Http2Limits kSmall{.stream_window_bytes = 10'000, .connection_window_bytes = 100'000};

TEST(Http2Flow, APausedReaderStopsTheSender) {
  Http2Pair pair{kSmall};
  pair.server.do_on_request = [&](StreamId id, const RequestHead&) { pair.server.session.pause(id, true); };
  const StreamId id = pair.client.request(a_request("POST"), false);
  pair.exchange();
  const std::string body(50'000, 'x');
  pair.client.session.send(id, body);
  pair.exchange();
  HeardStream& heard = *pair.server.streams[id];
  EXPECT_EQ(heard.body.size(), 10'000u);
  EXPECT_EQ(pair.client.session.queued(id), 40'000u);
  EXPECT_EQ(pair.client.session.queued(), 40'000u);
  EXPECT_EQ(pair.client.streams[id]->drained, 0);
  EXPECT_FALSE(pair.client.session.wants_write());

  // Another stream is not held up by it.
  const StreamId other = pair.client.request(a_request("POST"), false);
  pair.exchange();
  pair.server.session.pause(other, false);
  pair.client.session.send(other, body);
  pair.exchange();
  EXPECT_EQ(pair.server.streams[other]->body.size(), 50'000u);
  EXPECT_EQ(pair.client.streams[other]->drained, 1);

  pair.server.session.pause(id, false);
  pair.exchange();
  EXPECT_EQ(heard.body, body);
  EXPECT_EQ(pair.client.session.queued(), 0u);
  EXPECT_EQ(pair.client.streams[id]->drained, 1);
}

TEST(Http2Flow, TrailersDoNotWaitForAWindow) {
  Http2Side server{Http2Session::Role::server};
  using namespace frames;
  EXPECT_TRUE(server.session.receive(std::string{kPreface} + settings({{4, 0}}) + get(1)));
  server.session.respond(1, a_response(), false);
  server.session.finish(1, std::vector<Field>{{"grpc-status", "0"}});
  EXPECT_EQ(frames::describe(server.take()), "HEADERS 1, HEADERS 1 end");
  EXPECT_EQ(server.session.open_streams(), 0u);

  EXPECT_TRUE(server.session.receive(get(3)));
  server.session.respond(3, a_response(), false);
  EXPECT_EQ(frames::describe(server.take()), "HEADERS 3");
  server.session.finish(3, std::vector<Field>{{"grpc-status", "0"}});
  EXPECT_EQ(frames::describe(server.take()), "HEADERS 3 end");

  Http2Side client{Http2Session::Role::client};
  EXPECT_TRUE(client.session.receive(settings({{4, 0}})));
  const StreamId id = client.request(a_request("POST"), false);
  client.session.finish(id, std::vector<Field>{{"x", "y"}});
  EXPECT_EQ(frames::describe(client.take()), "HEADERS 1, HEADERS 1 end");
}

TEST(Http2Flow, WritesNoMoreThanAsked) {
  Http2Pair pair;
  const StreamId id = pair.client.request(a_request("POST"), false);
  pair.client.session.send(id, std::string(60'000, 'x'));
  std::string all;
  while (pair.client.session.wants_write()) {
    std::string out;
    pair.client.session.write(out, 1'000);
    EXPECT_LE(out.size(), 1'000u + 16'384 + 9);
    all += out;
    if (out.empty()) break;
  }
  EXPECT_TRUE(pair.server.session.receive(all));
  EXPECT_EQ(pair.server.streams[id]->body.size(), 60'000u);
}

TEST(Http2Flow, MoreIsAskedForWhenTheQueueIsEmpty) {
  Http2Pair pair{kSmall};
  const StreamId id = pair.client.request(a_request("POST"), false);
  HeardStream& sender = *pair.client.streams[id];
  int left = 100;
  std::size_t most = 0;
  sender.do_on_drained = [&] {
    if (left-- > 0) return pair.client.session.send(id, std::string(25'000, 'x'));
    pair.client.session.finish(id, {});
  };
  pair.client.session.send(id, "first");
  for (int i = 0; i < 1'000 && !pair.server.streams[id]; ++i) pair.exchange();
  pair.server.streams[id]->do_on_data = [&](std::string_view) { most = std::max(most, pair.client.session.queued()); };
  pair.exchange();
  EXPECT_TRUE(pair.server.streams[id]->ended);
  EXPECT_EQ(pair.server.streams[id]->body.size(), 5 + 100 * 25'000u);
  EXPECT_LE(most, 25'000u);
}

/// Streams that end in every way leave the connection's window as it was: after thousands of them, a body larger than
/// it still arrives.
TEST(Http2Flow, NoWindowIsLostHoweverStreamsEnd) {
  Http2Pair pair{kSmall};
  Http2Session& client = pair.client.session;
  Http2Session& server = pair.server.session;
  const std::string body(9'000, 'x');
  for (int i = 0; i < 3'000; ++i) {
    const StreamId id = pair.client.request(a_request("POST"), false);
    client.send(id, body);
    pair.server.do_on_request = [&](StreamId opened, const RequestHead&) {
      server.pause(opened, i % 2 == 0);
      if (i % 7 == 6) server.reset(opened, Http2Error::cancel);
    };
    pair.exchange();
    switch (i % 7) {
      case 0: server.reset(id, Http2Error::internal_error); break;
      case 1: client.finish(id, {}); break;
      case 2: server.detach(id); break;
      case 3: server.pause(id, false); break;
      case 4: server.respond(id, a_response(), true); break;
      case 5: client.send(id, body); break;
      default: break;
    }
    if (i % 7 == 2) client.send(id, body);
    pair.exchange();
    // Cancelled by the client, but rarely enough to be no flood; most are ended by the server.
    server.reset(id, Http2Error::cancel);
    if (i % 50 == 0) client.reset(id, Http2Error::cancel);
    pair.exchange();
    ASSERT_TRUE(pair.client_goes_on && pair.server_goes_on) << i;
    ASSERT_EQ(client.open_streams(), 0u) << i;
    ASSERT_EQ(server.open_streams(), 0u) << i;
    ASSERT_EQ(client.queued(), 0u) << i;
    pair.client.streams.clear();
    pair.server.streams.clear();
  }
  pair.server.do_on_request = nullptr;
  std::vector<StreamId> ids;
  for (int i = 0; i < 10; ++i) {
    ids.push_back(pair.client.request(a_request("POST"), false));
    pair.exchange();
    server.pause(ids.back(), true);
    client.send(ids.back(), std::string(20'000, 'x'));
  }
  pair.exchange();
  // All of the connection's window but what it takes to be worth a WINDOW_UPDATE, which is half of it.
  std::size_t received = 0;
  for (const StreamId id : ids) received += pair.server.streams[id]->body.size();
  EXPECT_GT(received, kSmall.connection_window_bytes / 2);
  for (const StreamId id : ids) server.pause(id, false);
  pair.exchange();
  for (const StreamId id : ids) EXPECT_EQ(pair.server.streams[id]->body.size(), 20'000u);
}

}  // namespace
}  // namespace outrigger::http
