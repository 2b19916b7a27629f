/// What has begun to arrive when the worker is told to drain is answered, and nothing stays open behind it.
#include <gtest/gtest.h>
#include <poll.h>

#include <future>

#include "http/http2_frames.h"
#include "messages.h"
#include "proxy.h"

namespace outrigger::sidecar::test {
namespace {

namespace frames = http::frames;

class Draining : public ::testing::Test {
 protected:
  Draining() { proxy_.set_endpoints({upstream_.address()}); }

  void drain() {
    proxy_.worker().drain();
    proxy_.sync();
  }
  void expect_last_answer(Socket& client, const std::string& body) {
    const Message answer = client.read_response();
    EXPECT_EQ(answer.body, body);
    EXPECT_EQ(answer.field("Connection"), "close");
    expect_end(client);
  }
  void expect_end(Socket& client) {
    EXPECT_TRUE(client.at_end());
    EXPECT_FALSE(client.was_reset());
    proxy_.eventually("the end", [&] { return proxy_.connections() == 0; });
  }

  Listener upstream_;
  Proxy proxy_;
};

/// The head that said that the connection goes on is with the client already.
TEST_F(Draining, AnswersARequestThatIsPipelinedBehindAnAnswerUnderWay) {
  Socket client = proxy_.connect();
  client.send(get("/first") + get("/second"));
  Socket endpoint = upstream_.accept();
  EXPECT_EQ(endpoint.read_request().target, "/first");
  endpoint.send("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf");
  EXPECT_EQ(client.peek_head().find("close"), std::string::npos);
  drain();
  endpoint.send("half");
  EXPECT_EQ(client.read_response().body, "halfhalf");
  EXPECT_EQ(endpoint.read_request().target, "/second");
  endpoint.send(ok("second"));
  expect_last_answer(client, "second");
}

TEST_F(Draining, LosesNoAnswerToWhatTheClientSendsBehindIt) {
  Socket client = proxy_.connect();
  client.send(get("/"));
  Socket endpoint = upstream_.accept();
  endpoint.read_request();
  drain();
  endpoint.send(ok("whole"));
  pollfd ended{.fd = client.fd(), .events = POLLRDHUP, .revents = 0};
  ASSERT_EQ(::poll(&ended, 1, 20'000), 1);
  for (int i = 0; i < 3; ++i) {
    client.send(get("/next"));
    proxy_.sync();
  }
  EXPECT_EQ(proxy_.connections(), 1) << "it lingers";
  client.half_close();
  expect_last_answer(client, "whole");
}

TEST_F(Draining, EndsAConnectionBehindAnAnswerThatDidNotSayClose) {
  Socket client = proxy_.connect();
  client.send(get("/"));
  Socket endpoint = upstream_.accept();
  endpoint.read_request();
  endpoint.send("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf");
  EXPECT_EQ(client.peek_head().find("close"), std::string::npos);
  drain();
  endpoint.send("half");
  EXPECT_EQ(client.read_response().body, "halfhalf");
  expect_end(client);
}

/// However late the worker gets to know of it: nothing is counted yet, and what waits in the kernel is not lost.
TEST_F(Draining, IsNotOverBeforeItHasBegun) {
  std::promise<void> go;
  proxy_.worker().loop().post([waiting = go.get_future().share()] { waiting.wait(); });
  Socket client = proxy_.connect();
  client.send(get("/"));
  proxy_.worker().drain();
  EXPECT_FALSE(proxy_.worker().drained());
  go.set_value();
  Socket endpoint = upstream_.accept();
  endpoint.read_request();
  EXPECT_FALSE(proxy_.worker().drained());
  endpoint.send(ok("last"));
  expect_last_answer(client, "last");
  proxy_.eventually("the drain's end", [&] { return proxy_.worker().drained(); });
}

TEST_F(Draining, WaitsForTheRestOfARequestsHead) {
  Socket client = proxy_.connect();
  const std::string request = get("/");
  client.send(request.substr(0, 10));
  proxy_.sync();
  drain();
  client.send(request.substr(10));
  Socket endpoint = upstream_.accept();
  endpoint.read_request();
  endpoint.send(ok("whole"));
  expect_last_answer(client, "whole");
}

TEST_F(Draining, WaitsForTheRestOfWhatMayBecomeHttp) {
  Socket client = Socket::connect(proxy_.listen("auto", kWeb, ListenerProtocol::automatic));
  const std::string request = get("/");
  client.send(request.substr(0, 2));
  proxy_.sync();
  drain();
  client.send(request.substr(2));
  Socket endpoint = upstream_.accept();
  endpoint.read_request();
  endpoint.send(ok("whole"));
  expect_last_answer(client, "whole");
}

TEST_F(Draining, EndsAConnectionThatOnlyNowTurnsOutToSpeakHttp2) {
  Socket client = Socket::connect(proxy_.listen("auto", kWeb, ListenerProtocol::automatic));
  const std::string hello = frames::hello();
  client.send(hello.substr(0, 5));
  proxy_.sync();
  drain();
  client.send(hello.substr(5));
  const std::string ping = frames::number(8, 3) + frames::number(frames::kPing, 1);
  std::string heard;
  const auto payload_begins = [&] { return heard.find(ping) + frames::frame(frames::kPing, 0, 0, {}).size(); };
  while (heard.find(ping) == std::string::npos || heard.size() < payload_begins() + 8) {
    const std::string byte = client.read_bytes(1);
    ASSERT_FALSE(byte.empty()) << "no PING";
    heard += byte;
  }
  client.send(frames::frame(frames::kPing, frames::kAck, 0, heard.substr(payload_begins(), 8)));
  heard += client.read_to_end();
  EXPECT_NE(frames::describe(heard).find("GOAWAY last 0 error 0"), std::string::npos) << frames::describe(heard);
  expect_end(client);
}

}  // namespace
}  // namespace outrigger::sidecar::test
