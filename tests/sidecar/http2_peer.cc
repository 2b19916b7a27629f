#include "http2_peer.h"

namespace outrigger::sidecar::test {
namespace {

constexpr std::size_t kEnough = 64 * 1024;
constexpr std::size_t kMaxRecorded = 1 << 20;

}  // namespace

class Http2Peer::Stream final : public Talk, public http::Http2StreamHandler {
 public:
  Stream(Http2Peer& peer, http::StreamId id) : peer_(peer), id_(id) {}

  void hear_request(const http::RequestHead& head) {
    heard.method = head.method;
    heard.target = head.target;
    heard.fields = copy_of(head.fields);
    heard.fields.emplace_back(":authority", head.authority);
    heard.head = true;
    heard.ended = head.framing == http::Framing::none;
  }

  void send_head(const Head& head, bool end) override {
    const auto framing = end ? http::Framing::none : head.length ? http::Framing::length : http::Framing::chunked;
    const std::string length = std::to_string(head.length.value_or(0));
    if (peer_.endpoint_ != nullptr) {
      http::ResponseHead response;
      response.status = head.status;
      response.fields = views_of(head.fields);
      if (end && head.length) response.fields.push_back({"content-length", length});
      response.framing = framing;
      response.content_length = head.length.value_or(0);
      return peer_.session_.respond(id_, response, end);
    }
    http::RequestHead request;
    request.method = head.method;
    request.target = head.target;
    request.authority = head.authority;
    request.fields = views_of(head.fields);
    request.framing = framing;
    request.content_length = head.length.value_or(0);
    request.accepts_trailers = true;
    id_ = peer_.session_.request(request, {.via = false}, end, *this);
  }
  void send_data(std::string_view bytes) override { peer_.session_.send(id_, bytes); }
  void send_end(const Fields& trailers) override { peer_.session_.finish(id_, views_of(trailers)); }
  void reset(http::Http2Error error) override { peer_.session_.reset(id_, error); }
  void pause(bool paused) override {
    paused_ = paused;
    peer_.session_.pause(id_, paused);
  }
  std::size_t queued() const override { return peer_.session_.queued(id_); }

 private:
  void on_head(const http::ResponseHead& head) override {
    if (head.status < 200) return heard.interim.push_back(head.status);
    heard.status = head.status;
    heard.fields = copy_of(head.fields);
    heard.head = true;
    heard.ended = head.framing == http::Framing::none;
  }
  void on_data(std::string_view bytes) override { heard.body.append(bytes); }
  void on_end(const std::vector<http::Field>& trailers) override {
    heard.trailers = copy_of(trailers);
    heard.ended = true;
    if (peer_.endpoint_ != nullptr && peer_.endpoint_->on_end) peer_.endpoint_->on_end(*this);
  }
  void on_drained() override {}
  void on_closed(http::Http2Error error) override { heard.closed = error; }

  Http2Peer& peer_;
  http::StreamId id_;
  bool paused_ = false;
};

Http2Peer::Http2Peer(Socket socket, const http::Http2Limits& limits)
    : Peer(std::move(socket)), session_(http::Http2Session::Role::client, limits, *this) {}

Http2Peer::Http2Peer(Socket socket, const http::Http2Limits& limits, Endpoint& endpoint)
    : Peer(std::move(socket)), endpoint_(&endpoint), session_(http::Http2Session::Role::server, limits, *this) {}

Http2Peer::~Http2Peer() = default;

Talk& Http2Peer::open_stream() { return streams_.emplace_back(*this, 0); }

bool Http2Peer::take(std::string_view bytes) {
  if (received_.size() < kMaxRecorded) received_.append(bytes);
  return session_.receive(bytes);
}

void Http2Peer::give(std::string& out) { session_.write(out, kEnough); }

http::Http2StreamHandler* Http2Peer::on_request(http::StreamId id, const http::RequestHead& head) {
  Stream& stream = streams_.emplace_back(*this, id);
  stream.hear_request(head);
  endpoint_->talks.push_back(&stream);
  if (endpoint_->on_head) endpoint_->on_head(stream);
  if (stream.heard.ended && endpoint_->on_end) endpoint_->on_end(stream);
  return &stream;
}

}  // namespace outrigger::sidecar::test
