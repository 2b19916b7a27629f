#include "operator/feed_server.h"

#include <string>
#include <utility>

#include "lines/line_splitter.h"
#include "log/log.h"

namespace outrigger::op {
namespace {

constexpr std::chrono::milliseconds kBeat{250};
/// Of the subscribers, one a beat.
constexpr std::size_t kParts = FeedServer::kHeartbeat / kBeat;

}  // namespace

/// One exchange as the publisher sees it.
class FeedServer::Stream final : public FeedStream {
 public:
  Stream(net::HttpExchange& exchange, Publisher& publisher)
      : exchange_(exchange), publisher_(publisher), lines_(feed::kMaxLineToOperator) {
    publisher_.add(*this);
  }
  ~Stream() {
    if (!ended_) publisher_.remove(*this);
  }

  void send(Block block) override { exchange_.send(std::move(block)); }
  std::size_t unsent() const override { return exchange_.unsent(); }
  std::uint64_t sent() const override { return exchange_.sent(); }
  std::string peer() const override { return exchange_.peer().text(); }

  void take(std::string_view bytes) {
    if (ended_) return;
    const auto done = lines_.feed(bytes, [this](std::string_view line) -> Result<void> {
      // An empty line lets a person at a terminal press return.
      return line.empty() || line == "\r" ? Result<void>() : publisher_.receive(*this, line);
    });
    if (done) return;
    log::warn("feed stream ended", {{"peer", peer()}, {"reason", done.error().text}});
    ended_ = true;
    publisher_.remove(*this);
    exchange_.end_stream();
  }
  void take_end() {
    if (!ended_ && lines_.held() > 0) take("\n");
  }
  void drained() {
    if (!ended_) publisher_.drained(*this);
  }

 private:
  net::HttpExchange& exchange_;
  Publisher& publisher_;
  LineSplitter lines_;
  bool ended_ = false;
};

FeedServer::FeedServer(net::EventLoop& loop, net::FileDescriptor listener, net::SslContext context,
                       Publisher& publisher)
    : publisher_(publisher),
      heartbeat_(loop, [this] { beat(); }),
      server_(loop, std::move(listener), std::move(context),
              [this](net::HttpExchange& exchange) { handle(exchange); }) {
  heartbeat_.set(kBeat);
}

FeedServer::~FeedServer() = default;

void FeedServer::handle(net::HttpExchange& exchange) {
  if (exchange.path() != "/v1/feed") return exchange.respond(404, "text/plain", "not found; there is /v1/feed\n");
  if (exchange.method() != "POST") return exchange.respond(405, "text/plain", "not allowed; allowed: POST\n");
  exchange.start_stream("application/x-ndjson");
  auto owned = std::make_unique<Stream>(exchange, publisher_);
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
  heartbeat_.set(kBeat);
}

}  // namespace outrigger::op
