/// Identifiers of streams run out after 2^30 of them: nghttp2 is made to begin near their end (RFC 9113 section 5.1.1).
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>

#include "http2_peer.h"
#include "messages.h"
#include "proxy.h"

namespace {

/// Of clients' sessions that are made from now on.
std::atomic<std::int32_t> first_stream{1};
constexpr std::int32_t kLastButOne = 0x7fff'fffd;

}  // namespace

// As the library declares them.
struct nghttp2_session;
struct nghttp2_session_callbacks;
struct nghttp2_option;
extern "C" int nghttp2_session_set_next_stream_id(nghttp2_session* session, std::int32_t next);

/// Stands in for the library's, which it calls.
extern "C" int nghttp2_session_client_new2(nghttp2_session** session, const nghttp2_session_callbacks* callbacks,
                                           void* user, const nghttp2_option* option) {
  static const auto real =
      reinterpret_cast<decltype(&nghttp2_session_client_new2)>(::dlsym(RTLD_NEXT, "nghttp2_session_client_new2"));
  const int result = real(session, callbacks, user, option);
  return result != 0 ? result : nghttp2_session_set_next_stream_id(*session, first_stream);
}

namespace outrigger::sidecar::test {
namespace {

class Http2StreamIds : public ::testing::Test {
 protected:
  Http2StreamIds() {
    proxy_.options.protocol = model::Protocol::http2;
    proxy_.set_endpoints({endpoint_.address()});
    first_stream = kLastButOne;
  }
  ~Http2StreamIds() override { first_stream = 1; }

  void expect_served(Client& client, const std::string& target) {
    Talk& talk = client.send(request_to("GET", target));
    stage_.until("an answer", [&] { return talk.over(); });
    EXPECT_EQ(talk.heard.status, 200);
    EXPECT_EQ(talk.heard.body, target);
  }

  Proxy proxy_;
  Stage stage_;
  Endpoint& endpoint_ = stage_.endpoint(Speaks::http2);
};

TEST_F(Http2StreamIds, ThatRunOutEndAConnectionToAnEndpointBehindItsStreams) {
  endpoint_.on_end = [](Talk& talk) { talk.send(answer_with(200), talk.heard.target); };
  Client& client = stage_.client(proxy_.port(), Speaks::http1);
  for (const std::size_t connections : {1u, 1u, 2u, 2u, 3u}) {
    expect_served(client, "/some");
    EXPECT_EQ(endpoint_.connections.size(), connections);
  }
  stage_.until("the end of those that are used up", [&] { return endpoint_.open_connections() == 1; });
}

TEST_F(Http2StreamIds, ThatRunOutLeaveStreamsAsTheyAre) {
  Client& client = stage_.client(proxy_.port(), Speaks::http1);
  std::vector<Talk*> asked;
  for (int i = 0; i < 5; ++i) asked.push_back(&client.send(request_to("GET", "/" + std::to_string(i))));
  stage_.until("all", [&] { return endpoint_.talks.size() == asked.size(); });
  EXPECT_EQ(endpoint_.connections.size(), 3u);
  for (Talk* talk : endpoint_.talks) talk->send(answer_with(200), talk->heard.target);
  for (std::size_t i = 0; i < asked.size(); ++i) {
    stage_.until("its answer", [&] { return asked[i]->over(); });
    EXPECT_EQ(asked[i]->heard.body, "/" + std::to_string(i));
  }
}

TEST_F(Http2StreamIds, OfAClientAreServedToTheLast) {
  endpoint_.on_end = [](Talk& talk) { talk.send(answer_with(200), talk.heard.target); };
  Client& client = stage_.client(proxy_.listen("h2", kWeb, ListenerProtocol::http2), Speaks::http2);
  expect_served(client, "/last-but-one");
  expect_served(client, "/last");
  EXPECT_TRUE(static_cast<Http2Peer&>(*client.connections[0]).session().closing());
}

}  // namespace
}  // namespace outrigger::sidecar::test
