/// The input is what a session of either role gets, cut at random, while its handlers answer, reset, pause, detach and
/// end streams as the input's bytes say. Properties: every stream that was heard of ends exactly once; nothing is heard
/// behind its end; heads that are heard of are such as an HTTP/1.1 parser accepts; what is queued is counted right; the
/// session says when it is over.
#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "http/head_parser.h"
#include "http/head_writer.h"
#include "http/http2_session.h"
#include "result/result.h"

using namespace outrigger::http;

namespace {

/// Small, so that a fuzzer gets to them.
constexpr Http2Limits kLimits{.max_concurrent_streams = 8,
                              .max_head_bytes = 1000,
                              .max_target_bytes = 100,
                              .max_fields = 12,
                              .stream_window_bytes = 300,
                              .connection_window_bytes = 70'000};

class Driver final : public Http2SessionHandler {
 public:
  Driver(Http2Session::Role role, unsigned seed) : random_(seed), session_(role, kLimits, *this) {
    if (role == Http2Session::Role::client) open_requests();
  }

  void run(std::string_view input) {
    std::string out;
    bool goes_on = true;
    while (goes_on && !input.empty()) {
      const std::string_view piece = input.substr(0, 1 + random_() % 200);
      input.remove_prefix(piece.size());
      goes_on = session_.receive(piece);
      if (random_() % 3 == 0) act_somewhere();
      if (random_() % 2 == 0) write(out);
      if (session_.over()) break;
    }
    write(out);
    session_.abandon(Http2Error::cancel);
    CHECK(session_.over() && !session_.wants_write());
    CHECK(session_.open_streams() == 0 && session_.queued() == 0);
    for (const auto& [id, stream] : streams_) CHECK(stream->closed || stream->detached);
  }

 private:
  struct Stream final : Http2StreamHandler {
    Stream(Driver& owner, StreamId with_id) : driver(owner), id(with_id) {}

    void on_head(const ResponseHead& head) override {
      heard();
      CHECK(!final_head);
      final_head = head.status >= 200;
      if (final_head && head.framing == Framing::none) ended = true;
      check_rewritten(head);
      driver.act(*this);
    }
    void on_data(std::string_view bytes) override {
      heard();
      CHECK(!bytes.empty() && !ended);
      driver.act(*this);
    }
    void on_end(const std::vector<Field>&) override {
      heard();
      CHECK(!ended);
      ended = true;
      driver.act(*this);
    }
    void on_drained() override {
      CHECK(!closed && !detached && !finished);
      CHECK(driver.session_.queued(id) == 0);
      driver.act(*this);
    }
    void on_closed(Http2Error error) override {
      CHECK(!closed && !detached);
      CHECK(error != Http2Error::no_error || ended || reset);
      closed = true;
      driver.act(*this);  // all passed over
    }
    void heard() const { CHECK(!closed && !detached && !reset); }

    Driver& driver;
    StreamId id;
    bool final_head = false;
    bool ended = false;
    bool responded = false;
    bool finished = false;
    bool reset = false;
    bool detached = false;
    bool closed = false;
  };

  static void check_rewritten(const RequestHead& head) {
    std::string out;
    write_request_head(head, {}, out);
    RequestHead again;
    const ParseResult result = HeadParser{}.request(out, again);
    CHECK(result.state == ParseState::complete && result.head_bytes == out.size());
    CHECK(again.method == head.method && again.target == head.target && again.authority == head.authority);
    CHECK(again.framing == (tells_length(head) ? Framing::length : head.framing));
    CHECK(again.content_length == head.content_length && again.expect_continue == head.expect_continue);
  }
  static void check_rewritten(const ResponseHead& head) {
    std::string out;
    write_response_head(head, {}, out);
    ResponseHead again;
    const ParseResult result = HeadParser{}.response(out, false, again);
    CHECK(result.state == ParseState::complete && result.head_bytes == out.size());
    CHECK(again.status == head.status);
  }

  Http2StreamHandler* on_request(StreamId id, const RequestHead& head) override {
    check_rewritten(head);
    if (random_() % 8 == 0) return nullptr;
    CHECK(streams_.count(id) == 0);
    Stream& stream = *(streams_[id] = std::make_unique<Stream>(*this, id));
    stream.ended = head.framing == Framing::none;
    act(stream);
    return &stream;
  }
  void on_capacity_changed() override { open_requests(); }

  void open_requests() {
    while (session_.can_request() && random_() % 4 != 0 && streams_.size() < 100) {
      RequestHead head;
      head.method = random_() % 4 == 0 ? "HEAD" : "POST";
      head.target = "/";
      head.authority = "a";
      head.fields = {{"X-Number", "1"}, {"TE", "trailers"}};
      const bool end = random_() % 2 == 0;
      auto stream = std::make_unique<Stream>(*this, 0);
      stream->id = session_.request(head, {}, end, *stream);
      stream->responded = true;
      stream->finished = end;
      streams_[stream->id] = std::move(stream);
    }
  }

  void act_somewhere() {
    if (random_() % 50 == 0) session_.drain();
    if (streams_.empty()) return;
    auto at = streams_.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(random_() % streams_.size()));
    act(*at->second);
  }

  /// What a handler may do at any time.
  void act(Stream& stream) {
    const StreamId id = stream.id;
    switch (random_() % 10) {
      case 0: session_.pause(id, true); break;
      case 1: session_.pause(id, false); break;
      case 2:
        if (random_() % 4 != 0) break;
        session_.reset(id, Http2Error::cancel);
        stream.reset = true;
        break;
      case 3:
        if (random_() % 4 != 0 || stream.closed) break;
        session_.detach(id);
        stream.detached = true;
        break;
      case 4:
      case 5: respond(stream); break;
      case 6:
      case 7:
        if (stream.responded && !stream.finished) session_.send(id, std::string(random_() % 700, 'x'));
        break;
      case 8: finish(stream); break;
      default:
        if (random_() % 64 == 0) session_.abandon(Http2Error::internal_error);
        break;
    }
  }
  void respond(Stream& stream) {
    if (stream.responded) return;
    ResponseHead head;
    head.status = random_() % 4 == 0 ? 103 : 200;
    head.fields = {{"Server", "s"}, {"Connection", "x"}};
    const bool end = head.status >= 200 && random_() % 3 == 0;
    session_.respond(stream.id, head, end);
    stream.responded = head.status >= 200;
    stream.finished = end;
  }

  void finish(Stream& stream) {
    if (!stream.responded || stream.finished) return;
    stream.finished = true;
    const std::vector<Field> trailers{{"Checksum", "1"}};
    session_.finish(stream.id, random_() % 2 == 0 ? std::span<const Field>{trailers} : std::span<const Field>{});
  }

  void write(std::string& out) {
    out.clear();
    session_.write(out, 1 + random_() % 5'000);
  }

  std::minstd_rand random_;
  std::map<StreamId, std::unique_ptr<Stream>> streams_;
  Http2Session session_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view input{reinterpret_cast<const char*>(data), size};
  // The first byte chooses the role, the second how the handlers behave.
  const auto role = data[0] % 2 == 0 ? Http2Session::Role::server : Http2Session::Role::client;
  Driver{role, data[1] + 1u}.run(input.substr(2));
  return 0;
}
