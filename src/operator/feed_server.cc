#include "operator/feed_server.h"

#include <string>
#include <utility>

#include "identity/spiffe_id.h"
#include "lines/line_splitter.h"
#include "log/log.h"

namespace outrigger::op {
namespace {

/// Of the subscribers, one a beat.
constexpr std::size_t kParts = 60;
constexpr std::string_view kText = "text/plain; charset=utf-8";

/// Of the one URI that X509-SVID section 2 allows.
std::optional<identity::SpiffeId> spiffe_id(const net::PeerCertificate& certificate) {
  if (certificate.uris.size() != 1) return std::nullopt;
  auto id = identity::SpiffeId::parse(certificate.uris.front());
  return id ? std::optional(std::move(*id)) : std::nullopt;
}

std::string host_of(const net::SocketAddress& peer) {
  const std::string text = peer.text();
  return text.substr(0, text.rfind(':'));
}

}  // namespace

/// One exchange as the publisher sees it.
class FeedServer::Stream final : public FeedStream {
 public:
  Stream(net::HttpExchange& exchange, FeedServer& server, const net::PeerCertificate& certificate)
      : exchange_(exchange),
        server_(server),
        lines_(feed::kMaxLineToOperator),
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
  void end_if_expired(identity::TimePoint now) {
    if (!ended_ && now - kGrace > certificate_end_) end("its certificate has expired");
  }

 private:
  void end(const std::string& reason) {
    log::warn("feed stream ended", {{"peer", peer()}, {"reason", reason}});
    ended_ = true;
    server_.publisher_.remove(*this);
    exchange_.end_stream();
  }

  net::HttpExchange& exchange_;
  FeedServer& server_;
  LineSplitter lines_;
  const identity::TimePoint certificate_end_;
  const std::optional<identity::SpiffeId> id_;
  bool ended_ = false;
};

FeedServer::FeedServer(net::EventLoop& loop, net::FileDescriptor listener, net::SslContext context,
                       Publisher& publisher, FeedServerOptions options)
    : publisher_(publisher),
      options_(std::move(options)),
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
  exchange.start_stream("application/x-ndjson");
  auto owned = std::make_unique<Stream>(exchange, *this, certificate);
  Stream* const stream = owned.get();
  streams_.emplace(stream, std::move(owned));
  exchange.on_body = [stream](std::string_view bytes) { stream->take(bytes); };
  exchange.on_body_end = [stream] { stream->take_end(); };
  exchange.on_drained = [stream] { stream->drained(); };
  exchange.on_end = [this, stream] { streams_.erase(stream); };
}

void FeedServer::beat() {
  publisher_.heartbeat(next_part_, kParts);
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
