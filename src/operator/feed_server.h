#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>
#include <unordered_set>

#include "identity/certificate.h"
#include "metrics/exposition.h"
#include "net/http_server.h"
#include "operator/publisher.h"
#include "operator/repeat_limit.h"

namespace outrigger::op {

/// What a sidecar may subscribe to.
enum class FeedScope : std::uint8_t {
  cluster,  ///< every Service
  own,      ///< those of the namespace in its certificate's SPIFFE ID; nothing where that has none
};

struct FeedServerOptions {
  FeedScope scope = FeedScope::cluster;
  /// Answers /v1/certificate; empty: there is none.
  net::HttpServer::Handler certificates{};
  std::function<identity::TimePoint()> now = std::chrono::system_clock::now;
  /// A stream's heartbeat comes once in 20 of these, and so does a look at the certificates' ends.
  std::chrono::milliseconds beat = std::chrono::milliseconds(250);
  std::size_t max_unanswered = 256;
  /// For a new stream to say what it wants.
  std::chrono::milliseconds first_word = std::chrono::seconds(10);
};

/// Subscribers over the network: POST /v1/feed over TLS with a client certificate, body and answer both streams of
/// lines. A last line without '\n' counts when the body ends, and the answer goes on after that, so curl -d will do. A
/// line that is too long or no message ends its stream, and so does the end of the certificate it was opened with,
/// kGrace later: sidecars renew theirs and come back long before. What is refused is logged once a minute.
///
/// Streams that have not been answered yet are options.max_unanswered at most: whoever comes then is told 503 and when
/// to come back, so that thousands who come at once do not make each other slow. Loop's thread only.
class FeedServer {
 public:
  static constexpr std::chrono::minutes kGrace{5};
  /// Over which drain() ends the streams; those that do not go it leaves after twice as long.
  static constexpr std::chrono::seconds kDrain{5};

  /// All but `listener` outlive it.
  FeedServer(net::EventLoop& loop, net::FileDescriptor listener, net::SslContext context, Publisher& publisher,
             FeedServerOptions options = {});
  ~FeedServer();

  /// Takes no more connections and ends the streams a few at a time, so that their sidecars do not come to the other
  /// operators in one wave. `drained`, once, when there are none.
  void drain(std::function<void()> drained);

  /// outrigger_feed_deferred_total.
  void add_metrics(metrics::Exposition& exposition) const;
  /// For new connections.
  void set_context(net::SslContext context) { server_.set_context(std::move(context)); }
  net::SocketAddress address() const { return server_.address(); }

 private:
  class Stream;
  void handle(net::HttpExchange& exchange);
  void open(net::HttpExchange& exchange, const net::PeerCertificate& certificate);
  bool has_room();
  void end_silent();
  void drain_some();
  void beat();
  void complain(const char* what, const std::string& who, const std::string& reason);

  Publisher& publisher_;
  const FeedServerOptions options_;
  RepeatLimit complaints_;
  std::unordered_map<Stream*, std::unique_ptr<Stream>> streams_;
  std::unordered_set<Stream*> unanswered_;  ///< of streams_; may have some that are answered by now
  std::uint64_t deferred_ = 0;              ///< streams that were told to come back later
  std::function<void()> drained_;
  std::size_t drained_at_a_time_ = 0;
  net::Clock::time_point drained_by_{};
  net::Timer drain_;
  net::Timer heartbeat_;
  std::size_t next_part_ = 0;  ///< of the subscribers, whose heartbeats are due next
  net::HttpServer server_;
};

}  // namespace outrigger::op
