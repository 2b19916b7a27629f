#pragma once
/// HTTP/2 sessions in memory: a client's and a server's back to back, or one alone that is fed frames made by hand.
/// What their handlers hear is written down as text.
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/describe.h"
#include "http/http2_session.h"

namespace outrigger::http {

/// One side of a stream. `heard` has each call in order, with bodies joined: "200 '' body chunked...|data 5|end|closed
/// 0".
class HeardStream final : public Http2StreamHandler {
 public:
  void on_head(const ResponseHead& head) override {
    add(describe(head));
    status = head.status;
    if (do_on_head) do_on_head(head);
  }
  void on_data(std::string_view bytes) override {
    body += bytes;
    if (do_on_data) do_on_data(bytes);
  }
  void on_end(const std::vector<Field>& trailers) override {
    add("end" + describe(trailers));
    ended = true;
    if (do_on_end) do_on_end();
  }
  void on_drained() override {
    ++drained;
    if (do_on_drained) do_on_drained();
  }
  void on_closed(Http2Error error) override {
    add("closed " + std::to_string(static_cast<unsigned>(error)));
    EXPECT_FALSE(closed.has_value()) << "closed twice";
    closed = error;
    if (do_on_closed) do_on_closed();
  }

  std::string heard;
  std::string body;
  std::uint16_t status = 0;
  int drained = 0;
  bool ended = false;
  std::optional<Http2Error> closed;
  std::function<void(const ResponseHead&)> do_on_head;
  std::function<void(std::string_view)> do_on_data;
  std::function<void()> do_on_end;
  std::function<void()> do_on_drained;
  std::function<void()> do_on_closed;

 private:
  void add(const std::string& call) { heard += (heard.empty() ? "" : "|") + call; }
};

/// One side of a connection.
class Http2Side final : public Http2SessionHandler {
 public:
  explicit Http2Side(Http2Session::Role role, const Http2Limits& limits = {}) : session(role, limits, *this) {}

  Http2StreamHandler* on_request(StreamId id, const RequestHead& head) override {
    requests.push_back(describe(head));
    HeardStream* const stream = refuse_requests ? nullptr : &add(id);
    if (do_on_request) do_on_request(id, head);
    return stream;
  }
  void on_capacity_changed() override { ++capacity_changes; }

  HeardStream& add(StreamId id) { return *(streams[id] = std::make_unique<HeardStream>()); }

  /// Opens a stream with a recorder of its own.
  StreamId request(const RequestHead& head, bool end) {
    auto stream = std::make_unique<HeardStream>();
    const StreamId id = session.request(head, {.via = false}, end, *stream);
    streams[id] = std::move(stream);
    return id;
  }

  std::string take(std::size_t enough = 1 << 30) {
    std::string out;
    session.write(out, enough);
    return out;
  }

  std::map<StreamId, std::unique_ptr<HeardStream>> streams;
  std::vector<std::string> requests;
  int capacity_changes = 0;
  bool refuse_requests = false;
  std::function<void(StreamId, const RequestHead&)> do_on_request;
  Http2Session session;
};

struct Http2Pair {
  Http2Side client;
  Http2Side server;

  explicit Http2Pair(const Http2Limits& limits = {})
      : client(Http2Session::Role::client, limits), server(Http2Session::Role::server, limits) {
    exchange();
  }

  /// Until neither has anything to say.
  void exchange() {
    for (;;) {
      const std::string there = client.take();
      if (!there.empty()) server_goes_on = server.session.receive(there);
      const std::string back = server.take();
      if (!back.empty()) client_goes_on = client.session.receive(back);
      if (there.empty() && back.empty()) return;
    }
  }

  bool client_goes_on = true;
  bool server_goes_on = true;
};

inline RequestHead a_request(std::string_view method = "GET", std::vector<Field> fields = {}) {
  RequestHead head;
  head.method = method;
  head.target = "/";
  head.authority = "a";
  head.fields = std::move(fields);
  return head;
}

inline ResponseHead a_response(std::uint16_t status = 200, std::vector<Field> fields = {}) {
  ResponseHead head;
  head.status = status;
  head.fields = std::move(fields);
  return head;
}

}  // namespace outrigger::http
