#include "sidecar/http2_upstream.h"

#include <algorithm>

#include "sidecar/exchange.h"
#include "sidecar/upstream_pool.h"
#include "sidecar/worker.h"

namespace outrigger::sidecar {
namespace {

/// Bytes of a request's body that wait on one stream before its sender is paused.
constexpr std::size_t kFullStream = 64 * 1024;

}  // namespace

/// One exchange's stream. Owns itself until it is released and its worker buries it.
class Http2Upstream::Stream final : public Mortal, public UpstreamStream, public http::Http2StreamHandler {
 public:
  Stream(Http2Upstream& connection, Exchange& exchange) : connection_(connection), exchange_(&exchange) {}

  bool live() const { return exchange_ != nullptr; }
  void pass_on() {
    touched_ = false;
    if (exchange_ != nullptr) exchange_->flush_response();
  }

  balance::Backend& backend() const override { return connection_.backend_; }

  void send_head(const http::RequestHead& head, const http::Hop& hop, std::string_view) override {
    const bool end = head.framing == http::Framing::none;
    id_ = session().request(head, hop, end, *this);
    sends_before_ = connection_.transport_.sends();
    closed_ = false;
    sent_end_ = end;
  }
  void send_data(std::string_view bytes) override { session().send(id_, bytes); }
  void send_end(const std::vector<http::Field>& trailers) override {
    if (!std::exchange(sent_end_, true)) session().finish(id_, trailers);
  }
  bool flush() override {
    connection_.transport_.wants_flush();
    return true;
  }
  bool full() const override { return session().queued(id_) >= kFullStream; }
  bool holds() const override { return true; }  // until the end of the round, when it is written
  void pause_reading(bool paused) override {
    session().pause(id_, paused);
    if (!paused) connection_.transport_.wants_flush();
  }
  void release() override {
    exchange_ = nullptr;
    if (!closed_) {
      if (!sent_end_ || !response_whole_) session().reset(id_, http::Http2Error::cancel);
      session().detach(id_);
      connection_.transport_.wants_flush();
    }
    connection_.worker_.bury(std::unique_ptr<Mortal>(this));
    connection_.stream_over();  // may end the connection
  }

 private:
  void on_head(const http::ResponseHead& head) override {
    if (exchange_ == nullptr) return;
    response_begun_ = response_begun_ || head.status >= 200;
    response_whole_ = head.status >= 200 && head.framing == http::Framing::none;
    touch();
    exchange_->on_upstream_head(head);
    if (response_whole_ && exchange_ != nullptr) exchange_->on_upstream_end({});
  }
  void on_data(std::string_view bytes) override {
    if (exchange_ == nullptr) return;
    touch();
    exchange_->on_upstream_data(bytes);
  }
  void on_end(const std::vector<http::Field>& trailers) override {
    if (exchange_ == nullptr || response_whole_) return;
    response_whole_ = true;
    touch();
    exchange_->on_upstream_end(trailers);
  }
  void on_drained() override {
    if (exchange_ != nullptr) exchange_->on_upstream_drained();
  }
  void on_closed(http::Http2Error error) override {
    closed_ = true;
    if (exchange_ == nullptr || response_whole_) return;
    if (!connection_.transport_.established()) {
      return exchange_->on_upstream_failed(connection_.timed_out_ ? UpstreamFailure::connect_timeout
                                                                  : UpstreamFailure::not_connected);
    }
    switch (error) {
      case http::Http2Error::refused_stream: return exchange_->on_upstream_failed(UpstreamFailure::not_processed);
      case http::Http2Error::protocol_error:
        return exchange_->on_upstream_failed(UpstreamFailure::invalid, "the answer is no valid HTTP/2");
      case http::Http2Error::connect_error:  // by whom the connection was lost or given up
        return exchange_->on_upstream_failed(failure_of_loss());
      default:  // the endpoint knows of the request, and does not want to answer it
        return exchange_->on_upstream_failed(UpstreamFailure::reset, {}, static_cast<std::uint32_t>(error));
    }
  }

  UpstreamFailure failure_of_loss() const {
    if (response_begun_) return UpstreamFailure::reset;
    const bool sent = connection_.transport_.sends() != sends_before_;
    return sent ? UpstreamFailure::refused : UpstreamFailure::had_ended;
  }
  void touch() {
    if (!std::exchange(touched_, true)) connection_.touched_.push_back(this);
  }
  http::Http2Session& session() const { return connection_.transport_.session(); }

  Http2Upstream& connection_;
  Exchange* exchange_;
  http::StreamId id_ = 0;
  std::uint64_t sends_before_ = 0;  ///< the transport's, when the head was given to the session
  bool sent_end_ = false;
  bool response_begun_ = false;
  bool response_whole_ = false;
  bool touched_ = false;
  bool closed_ = true;  ///< not open at the session: before send_head() and after on_closed()
};

Http2Upstream::Http2Upstream(Worker& worker, Destination& cluster, balance::Backend& backend, net::FileDescriptor fd,
                             net::Clock::time_point expires)
    : worker_(worker),
      cluster_(cluster),
      backend_(backend),
      slot_(cluster),
      connect_timer_(worker.loop(), [this] { on_connect_timeout(); }),
      expires_(expires),
      idle_since_(worker.loop().now()),
      transport_(worker, std::move(fd), http::Http2Session::Role::client, *this) {
  connect_timer_.set(cluster_.cluster.options().connect_timeout);
}

Http2Upstream::~Http2Upstream() { CHECK(retired_); }

bool Http2Upstream::has_room() const {
  return !retired_ && worker_.loop().now() < expires_ && transport_.session().can_request();
}

UpstreamStream& Http2Upstream::open(Exchange& exchange) {
  ++streams_;
  return *new Stream(*this, exchange);
}

void Http2Upstream::on_capacity_changed() {
  if (!transport_.session().closing()) return cluster_.waiting_room.place_is_free();
  if (streams_ == 0) drop(*this);
}

void Http2Upstream::on_batch_over() {
  // By index: passing on may touch further ones.
  for (std::size_t i = 0; i < touched_.size(); ++i) touched_[i]->pass_on();
  touched_.clear();
}

void Http2Upstream::on_transport_over() { drop_unless_retired(); }

/// The last of its streams may have dropped it, and with that stream's lease its endpoint may have ended.
void Http2Upstream::drop_unless_retired() {
  if (!retired_) drop(*this);
}

void Http2Upstream::on_connect_timeout() {
  if (transport_.established()) return;
  timed_out_ = true;
  transport_.session().abandon(http::Http2Error::refused_stream);
  drop_unless_retired();
}

void Http2Upstream::stream_over() {
  --streams_;
  cluster_.waiting_room.place_is_free();
  if (streams_ > 0) return;
  idle_since_ = worker_.loop().now();
  if (retired_) return;
  if (transport_.session().closing() || worker_.loop().now() >= expires_) drop(*this);
}

void Http2Upstream::retire() {
  if (std::exchange(retired_, true)) return;
  connect_timer_.cancel();
  transport_.session().abandon(http::Http2Error::connect_error);
  transport_.close();
  slot_.free();
  worker_.bury(std::unique_ptr<Mortal>(this));
}

}  // namespace outrigger::sidecar
