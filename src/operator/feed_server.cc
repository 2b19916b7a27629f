#include "operator/feed_server.h"

#include <string>
#include <utility>

#include "identity/spiffe_id.h"
#include "lines/line_splitter.h"
#include "log/log.h"

namespace outrigger::op {
namespace {

/// Of the subscribers, one a beat.
constexpr std::size_t kParts = 20;
constexpr auto kDrainStep = std::chrono::milliseconds(50);
/// Those who are told to come back do so one after the other.
constexpr std::uint64_t kMaxRetryAfter = 8;
constexpr std::string_view kText = "text/plain; charset=utf-8";

/// Of the one URI that X509-SVID section 2 allows.
std::optional<identity::SpiffeId> spiffe_id(const net::PeerCertificate& certificate) {
  if (certificate.uris.size() != 1) return std::nullopt;
  auto id = identity::SpiffeId::parse(certificate.uris.front());
  return id ? std::optional(std::move(*id)) : std::nullopt;
}

}  // namespace

/// One exchange as the publisher sees it.
class FeedServer::Stream final : public FeedStream {
 public:
  Stream(net::HttpExchange& exchange, FeedServer& server, const net::PeerCertificate& certificate)
      : exchange_(exchange),
        server_(server),
        lines_(feed::kMaxLineToOperator),
        opened_at_(net::Clock::now()),
        certificate_end_(certificate.not_after),
        id_(spiffe_id(certificate)) {
    server_.publisher_.add(*this);
  }
  ~Stream() {
    if (!ended_) server_.publisher_.remove(*this);
  }

  void send(Block block) override { exchange_.send(std::move(block)); }
  std::size_t unsent() const override { return exchange_.unsent(); }
  std::uint64_t sent() const override { return exchange_.sent(); }
  std::string peer() const override { return exchange_.peer().text(); }
  bool may_see(const model::ServicePort& service) const override {
    if (server_.options_.scope == FeedScope::cluster || (id_ && id_->ns() == service.service.ns)) return true;
    server_.complain("a subscription is out of scope", id_ ? id_->text() : host_of(exchange_.peer()),
                     "answered as absent; allowed: its own namespace");
    return false;
  }

  void take(std::string_view bytes) {
    if (ended_) return;
    const auto done = lines_.feed(bytes, [this](std::string_view line) -> Result<void> {
      spoken_ = true;
      // An empty line lets a person at a terminal press return.
      return line.empty() || line == "\r" ? Result<void>() : server_.publisher_.receive(*this, line);
    });
    if (!done) end(done.error().text);
  }
  void take_end() {
    if (!ended_ && lines_.held() > 0) take("\n");
  }
  void drained() {
    if (!ended_) server_.publisher_.drained(*this);
  }
  bool answered() { return ended_ || (spoken_ && server_.publisher_.answered(*this)); }
  void end_if_silent(net::Clock::time_point now) {
    if (!ended_ && !spoken_ && now - opened_at_ > server_.options_.first_word) end("it has not said what it wants");
  }
  void end_if_expired(identity::TimePoint now) {
    if (!ended_ && now - kGrace > certificate_end_) end("its certificate has expired");
  }

  void end_in_order() {
    if (std::exchange(ended_, true)) return;
    server_.publisher_.remove(*this);
    exchange_.end_stream();
  }

 private:
  void end(const std::string& reason) {
    log::warn("feed stream ended", {{"peer", peer()}, {"reason", reason}});
    end_in_order();
  }
  net::HttpExchange& exchange_;
  FeedServer& server_;
  LineSplitter lines_;
  const net::Clock::time_point opened_at_;
  const identity::TimePoint certificate_end_;
  const std::optional<identity::SpiffeId> id_;
  bool spoken_ = false;  ///< a whole line has come
  bool ended_ = false;
};

FeedServer::FeedServer(net::EventLoop& loop, net::FileDescriptor listener, net::SslContext context,
                       Publisher& publisher, FeedServerOptions options)
    : publisher_(publisher),
      options_(std::move(options)),
      drain_(loop, [this] { drain_some(); }),
      heartbeat_(loop, [this] { beat(); }),
      server_(loop, std::move(listener), std::move(context),
              [this](net::HttpExchange& exchange) { handle(exchange); }) {
  server_.set_on_handshake_failure([this](const net::SocketAddress& peer, const std::string& reason) {
    complain("a connection is refused", host_of(peer), reason);
  });
  heartbeat_.set(options_.beat);
}

FeedServer::~FeedServer() = default;

void FeedServer::handle(net::HttpExchange& exchange) {
  if (options_.certificates && exchange.path() == "/v1/certificate") return options_.certificates(exchange);
  if (exchange.path() != "/v1/feed") return exchange.respond(404, kText, "not found; there is /v1/feed\n");
  if (exchange.method() != "POST") return exchange.respond(405, kText, "not allowed; allowed: POST\n");
  if (const auto certificate = exchange.certificate()) return open(exchange, *certificate);
  complain("a feed is refused", host_of(exchange.peer()), "no client certificate");
  exchange.respond(403, kText, "no client certificate; POST /v1/certificate gives one\n");
}

void FeedServer::open(net::HttpExchange& exchange, const net::PeerCertificate& certificate) {
  if (!has_room()) {
    const auto when = std::chrono::seconds(1 + deferred_++ % kMaxRetryAfter);
    return exchange.respond(503, kText, "too many have come at once; come back later\n", when);
  }
  exchange.start_stream("application/x-ndjson");
  auto owned = std::make_unique<Stream>(exchange, *this, certificate);
  Stream* const stream = owned.get();
  streams_.emplace(stream, std::move(owned));
  unanswered_.insert(stream);
  exchange.on_body = [stream](std::string_view bytes) { stream->take(bytes); };
  exchange.on_body_end = [stream] { stream->take_end(); };
  exchange.on_drained = [stream] { stream->drained(); };
  exchange.on_end = [this, stream] {
    unanswered_.erase(stream);
    streams_.erase(stream);
  };
}

bool FeedServer::has_room() {
  if (unanswered_.size() >= options_.max_unanswered)
    std::erase_if(unanswered_, [](Stream* stream) { return stream->answered(); });
  return unanswered_.size() < options_.max_unanswered;
}

void FeedServer::add_metrics(metrics::Exposition& exposition) const {
  exposition.counter("outrigger_feed_deferred_total", "Streams told to come back later since too many came at once.",
                     {}, static_cast<double>(deferred_));
}

void FeedServer::end_silent() {
  const auto now = net::Clock::now();
  for (Stream* const stream : unanswered_) stream->end_if_silent(now);
}

void FeedServer::drain(std::function<void()> drained) {
  if (drained_) return;
  drained_ = std::move(drained);
  server_.stop_listening();
  drained_at_a_time_ = 1 + streams_.size() / (kDrain / kDrainStep);
  drained_by_ = net::Clock::now() + 2 * kDrain;
  drain_.set({});
}

void FeedServer::drain_some() {
  if (streams_.empty() || net::Clock::now() > drained_by_) return drained_();
  std::size_t left = drained_at_a_time_;
  for (const auto& [stream, owned] : streams_) {
    if (left-- == 0) break;
    stream->end_in_order();
  }
  drain_.set(kDrainStep);
}

void FeedServer::beat() {
  publisher_.heartbeat(next_part_, kParts);
  end_silent();
  next_part_ = (next_part_ + 1) % kParts;
  if (next_part_ == 0) {
    const identity::TimePoint now = options_.now();
    for (const auto& [stream, owned] : streams_) stream->end_if_expired(now);
  }
  heartbeat_.set(options_.beat);
}

void FeedServer::complain(const char* what, const std::string& who, const std::string& reason) {
  const auto held_back = complaints_.pass(who + " " + what + reason, net::Clock::now());
  if (!held_back) return;
  log::warn(what, {{"peer", who}, {"reason", reason}, {"repeated", std::to_string(*held_back)}});
}

}  // namespace outrigger::op
