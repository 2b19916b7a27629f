#include "sidecar/http2_client.h"

#include <utility>

#include "http/head_writer.h"
#include "net/socket.h"
#include "sidecar/exchange.h"
#include "sidecar/grpc_status.h"
#include "sidecar/worker.h"

namespace outrigger::sidecar {
namespace {

/// Bytes of answers that wait: on one stream, and on the connection, before who sends them is paused.
constexpr std::size_t kFullStream = 128 * 1024;
constexpr std::size_t kFullConnection = 1024 * 1024;
constexpr auto kGoodbye = std::chrono::seconds(5);  ///< from a silent connection's GOAWAY until it is closed

}  // namespace

/// One request of the client's. Owned by its connection until that has its worker bury it.
class Http2Client::Stream final : public Mortal, public ClientStream, public http::Http2StreamHandler {
 public:
  Stream(Http2Client& connection, http::StreamId id)
      : connection_(connection), id_(id), begun_(connection.worker_.loop().now()) {}

  void start(const http::RequestHead& head) {
    grpc_ = is_grpc(head);
    to_head_ = head.method == "HEAD";
    exchange_.emplace(connection_.worker_, *this, *connection_.target_);
    touch();
    exchange_->start(head, head.framing == http::Framing::none);
    if (exchange_ && head.framing == http::Framing::none) exchange_->on_request_end({});
  }
  void pass_on() {
    touched_ = false;
    if (exchange_) exchange_->flush_request();
  }
  /// The connection is over.
  void drop() {
    if (!exchange_) return;
    exchange_->on_client_gone();
    exchange_.reset();
  }

  void send_head(const http::ResponseHead& head) override {
    using http::Framing;
    // Over HTTP/2, trailers may follow a body of no bytes.
    const bool empty = head.framing == Framing::length && head.content_length == 0;
    const bool bodyless = head.framing == Framing::none || (empty && head.version != http::Version::http2);
    if (head.status >= 200) bodyless_ = bodyless;
    session().respond(id_, head, head.status >= 200 && bodyless_, connection_.worker_.date());
  }
  void send_data(std::string_view bytes) override { session().send(id_, bytes); }
  void send_end(const std::vector<http::Field>& trailers) override {
    if (!bodyless_) session().finish(id_, trailers);
  }
  void send_answer(std::uint16_t status, std::string_view proxy_error, std::string_view text) override {
    const std::string proxy_status = http::proxy_status(proxy_error);
    http::ResponseHead head;
    head.version = http::Version::http2;
    if (!proxy_status.empty()) head.fields.push_back({"proxy-status", proxy_status});
    if (grpc_) {
      // Trailers alone, as the protocol has it for errors: "Trailers-Only" in gRPC over HTTP/2.
      const std::string number = std::to_string(grpc_status(status, proxy_error));
      const std::string message = grpc_message(text);
      head.status = 200;
      head.fields.insert(head.fields.begin(), {"content-type", "application/grpc"});
      head.fields.push_back({"grpc-status", number});
      head.fields.push_back({"grpc-message", message});
      return session().respond(id_, head, /*end=*/true, connection_.worker_.date());
    }
    head.status = status;
    head.fields.insert(head.fields.begin(), {"content-type", "text/plain; charset=utf-8"});
    head.framing = http::Framing::length;
    head.content_length = text.size();
    const bool end = to_head_ || text.empty();
    session().respond(id_, head, end, connection_.worker_.date());
    if (end) return;
    session().send(id_, text);
    session().finish(id_, {});
  }
  bool flush() override {
    connection_.transport_.wants_flush();
    return true;
  }

  bool full() const override {
    const std::size_t queued = session().queued(id_);
    return queued >= kFullStream || (queued > 0 && session().queued() >= kFullConnection);
  }
  bool holds() const override { return true; }  // until the end of the round, when it is written
  void pause_reading(bool paused) override {
    session().pause(id_, paused);
    if (!paused) connection_.transport_.wants_flush();
  }
  std::string address() const override { return connection_.address_; }

  void become_tunnel(const http::ResponseHead&, UpgradedConnection) override { CHECK(false); }  // HTTP/2 has no Upgrade
  void exchange_over() override {
    session().detach(id_);
    end();
  }
  void abort() override { reset(http::Http2Error::internal_error); }
  bool pass_reset_on(std::uint32_t code) override {
    reset(static_cast<http::Http2Error>(code));
    return true;
  }

 private:
  friend class Http2Client;

  void reset(http::Http2Error error) {
    session().reset(id_, error);
    session().detach(id_);
    end();
  }

  void on_head(const http::ResponseHead&) override {}
  void on_data(std::string_view bytes) override {
    if (!exchange_) return;
    touch();
    exchange_->on_request_data(bytes);
  }
  void on_end(const std::vector<http::Field>& trailers) override {
    if (!exchange_) return;
    touch();
    exchange_->on_request_end(trailers);
  }
  void on_drained() override {
    if (exchange_) exchange_->on_client_drained();
  }
  void on_closed(http::Http2Error) override {
    if (!exchange_) return;
    exchange_->on_client_gone();
    end();
  }

  void end() {
    exchange_.reset();
    connection_.transport_.wants_flush();
    connection_.remove(*this);
  }
  void touch() {
    if (!std::exchange(touched_, true)) connection_.touched_.push_back(this);
  }
  http::Http2Session& session() const { return connection_.transport_.session(); }

  Http2Client& connection_;
  http::StreamId id_;
  net::Clock::time_point begun_;
  std::size_t position_ = 0;  ///< in the connection's list
  std::optional<Exchange> exchange_;
  bool grpc_ = false;
  bool to_head_ = false;
  bool bodyless_ = false;
  bool touched_ = false;
};

Http2Client::Http2Client(Worker& worker, net::FileDescriptor fd, std::shared_ptr<const ListenerTarget> target)
    : worker_(worker),
      address_(net::peer_host(fd.get())),
      target_(std::move(target)),
      idle_timer_(worker.loop(), [this] { on_timer(); }),
      head_timer_(worker.loop(), [this] { on_head_timer(); }),
      transport_(worker, std::move(fd), http::Http2Session::Role::server, *this) {
  idle_timer_.set(target_->destination->cluster.options().idle_timeout);
}

Http2Client::~Http2Client() { CHECK(streams_.empty()); }

http::Http2StreamHandler* Http2Client::on_request(http::StreamId id, const http::RequestHead& head) {
  auto* stream = new Stream(*this, id);
  stream->position_ = streams_.size();
  streams_.push_back(stream);
  stream->start(head);
  return stream;  // buried at the round's end if it is over already: until then it may hear of its stream
}

void Http2Client::on_answered(std::uint16_t status) { target_->destination->count(status); }

void Http2Client::remove(Stream& stream) {
  streams_[stream.position_] = streams_.back();
  streams_[stream.position_]->position_ = stream.position_;
  streams_.pop_back();
  const auto now = worker_.loop().now();
  worker_.pacing().request_ended(now - stream.begun_, now);
  worker_.bury(std::unique_ptr<Mortal>(&stream));
}

void Http2Client::on_batch_over() {
  if (!closed_) watch_head();
  // By index: passing on may touch further ones.
  for (std::size_t i = 0; i < touched_.size(); ++i) touched_[i]->pass_on();
  touched_.clear();
}

/// A head that trickles in keeps the connection from being idle, and all other streams waiting (RFC 9113 section 4.3).
void Http2Client::watch_head() {
  const http::StreamId partial = transport_.session().partial_head();
  if (std::exchange(partial_head_, partial) == partial) return;
  if (partial == 0) return head_timer_.cancel();
  head_timer_.set(worker_.settings().head_timeout);
}

void Http2Client::on_head_timer() {
  transport_.session().end(http::Http2Error::enhance_your_calm);
  transport_.wants_flush();
}

void Http2Client::on_transport_over() {
  // Over what it has sent since, it would be reset, and might lose its last answers, or the GOAWAY that says why.
  if (net::FileDescriptor socket = transport_.release()) worker_.linger(std::move(socket));
  close();
}

void Http2Client::close() {
  if (std::exchange(closed_, true)) return;
  idle_timer_.cancel();
  head_timer_.cancel();
  while (!streams_.empty()) {
    streams_.back()->drop();
    remove(*streams_.back());
  }
  transport_.close();
  worker_.bury_connection(*this);
}

void Http2Client::drain() {
  transport_.session().drain();
  transport_.wants_flush();
}

void Http2Client::on_timer() {
  const auto limit = target_->destination->cluster.options().idle_timeout;
  const auto silent = worker_.loop().now() - transport_.last_active();
  if (silent < limit) return idle_timer_.set(limit - silent);
  if (std::exchange(timed_out_, true)) return close();
  transport_.session().drain();
  transport_.wants_flush();
  idle_timer_.set(kGoodbye);
}

}  // namespace outrigger::sidecar
