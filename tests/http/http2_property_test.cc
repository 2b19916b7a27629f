/// Random messages both ways over one connection, its bytes cut at random: all of them arrive as they were sent.
#include <gtest/gtest.h>

#include <random>

#include "http/http2_pair.h"

namespace outrigger::http {
namespace {

class Exchange {
 public:
  explicit Exchange(unsigned seed) : random_(seed) {
    server_.do_on_request = [this](StreamId id, const RequestHead&) { requested(id); };
  }

  void run() {
    constexpr std::size_t kRequests = 60;
    while (finished_ < kRequests) {
      while (messages_.size() < kRequests && client_.session.can_request() && below(3) != 0) request();
      pass(client_, to_server_, server_);
      pass(server_, to_client_, client_);
      pause_somewhere();
      ASSERT_FALSE(testing::Test::HasFailure());
    }
    while (!to_server_.empty()) pass(client_, to_server_, server_);
    check_requests();
    EXPECT_EQ(client_.session.queued() + server_.session.queued(), 0u);
    EXPECT_EQ(client_.session.open_streams() + server_.session.open_streams(), 0u);
  }

 private:
  struct Message {
    std::string body;
    std::vector<std::pair<std::string, std::string>> trailers;
    std::size_t sent = 0;
    bool finished = false;
  };
  struct Both {
    Message request;
    Message response;
    bool ends_with_head = false;
    bool paused = false;
  };

  std::size_t below(std::size_t n) { return random_() % n; }

  std::string text(std::size_t size) {
    std::string made(size, ' ');
    for (char& c : made) c = static_cast<char>('!' + below(94));
    return made;
  }

  Message message() {
    constexpr std::array<std::size_t, 5> kSizes{0, 1, 100, 20'000, 300'000};
    Message made;
    made.body = text(below(kSizes[below(kSizes.size())] + 1));
    for (std::size_t i = below(3); i > 0; --i)
      made.trailers.push_back({"trailer-" + std::to_string(i), text(below(50))});
    return made;
  }

  void request() {
    const std::string size = text(below(200));
    const std::string value = text(1 + below(3'000));
    RequestHead head = a_request("POST", {{"X-Size", size}, {"X-Value", value}});
    const std::string target = "/" + std::to_string(messages_.size());
    head.target = target;
    const Message made = message();
    const bool end = made.body.empty() && made.trailers.empty() && below(2) == 0;
    const StreamId id = client_.request(head, end);
    Both& both = messages_[id];
    both.request = made;
    both.request.finished = both.ends_with_head = end;
    both.response = message();
    expected_.push_back("POST " + target + " at 'a' body " + (end ? "none" : "chunked") +
                        " 2 keep-alive [x-size=" + size + "] [x-value=" + value + "]");
    send_some(client_, id, both.request);
    client_.streams[id]->do_on_drained = [this, id] { send_some(client_, id, messages_[id].request); };
    client_.streams[id]->do_on_closed = [this, id] { closed(id); };
  }

  void requested(StreamId id) {
    ASSERT_EQ(server_.requests.back(), expected_[static_cast<std::size_t>(id / 2)]);
    server_.session.respond(id, a_response(200, {{"X", std::to_string(id)}}), false);
    send_some(server_, id, messages_[id].response);
    server_.streams[id]->do_on_drained = [this, id] { send_some(server_, id, messages_[id].response); };
  }

  void send_some(Http2Side& side, StreamId id, Message& made) {
    if (made.finished) return;
    do {
      const std::string_view piece = std::string_view{made.body}.substr(made.sent, 1 + below(70'000));
      side.session.send(id, piece);
      made.sent += piece.size();
    } while (made.sent < made.body.size() && below(3) == 0);
    if (made.sent < made.body.size() || (below(2) == 0 && side.session.queued(id) > 0)) return;
    made.finished = true;
    std::vector<Field> trailers;
    for (const auto& [name, value] : made.trailers) trailers.push_back({name, value});
    side.session.finish(id, trailers);
  }

  static std::string end_of(const Message& made) {
    std::string end = "end";
    for (const auto& [name, value] : made.trailers) end += " [" + name + "=" + value + "]";
    return end;
  }

  void closed(StreamId id) {
    ++finished_;
    const HeardStream& heard = *client_.streams[id];
    EXPECT_TRUE(heard.body == messages_[id].response.body);
    EXPECT_EQ(heard.heard, "200 '' body chunked 2 keep-alive [x=" + std::to_string(id) + "]|" +
                               end_of(messages_[id].response) + "|closed 0");
  }

  void check_requests() {
    for (const auto& [id, both] : messages_) {
      const HeardStream& heard = *server_.streams[id];
      EXPECT_TRUE(heard.body == both.request.body);
      EXPECT_EQ(heard.heard, both.ends_with_head ? "closed 0" : end_of(both.request) + "|closed 0");
    }
  }

  /// Some of what `from` has to say reaches `to`.
  void pass(Http2Side& from, std::string& wire, Http2Side& to) {
    if (below(3) != 0) from.session.write(wire, wire.size() + 1 + below(50'000));
    const std::string piece = wire.substr(0, below(wire.size() + 1));
    wire.erase(0, piece.size());
    ASSERT_TRUE(to.session.receive(piece));
  }

  void pause_somewhere() {
    if (messages_.empty()) return;
    auto at = messages_.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(below(messages_.size())));
    at->second.paused = !at->second.paused && below(2) == 0;
    (below(2) == 0 ? client_ : server_).session.pause(at->first, at->second.paused);
    if (below(10) != 0) return;
    for (const auto& [id, both] : messages_) {  // none for ever
      client_.session.pause(id, false);
      server_.session.pause(id, false);
    }
  }

  std::minstd_rand random_;
  Http2Limits limits_{.max_concurrent_streams = 7, .stream_window_bytes = 20'000, .connection_window_bytes = 80'000};
  Http2Side client_{Http2Session::Role::client, limits_};
  Http2Side server_{Http2Session::Role::server, limits_};
  std::string to_server_;
  std::string to_client_;
  std::map<StreamId, Both> messages_;
  std::vector<std::string> expected_;
  std::size_t finished_ = 0;
};

TEST(Http2Property, MessagesArriveAsTheyWereSent) {
  for (unsigned seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Exchange{seed}.run();
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace outrigger::http
