#pragma once
#include <memory>
#include <unordered_map>

#include "net/http_server.h"
#include "operator/publisher.h"

namespace outrigger::op {

/// Subscribers over the network: POST /v1/feed over mutual TLS, body and answer both streams of lines. A last line
/// without '\n' counts when the body ends, and the answer goes on after that, so curl -d will do. A line that is too
/// long or no message ends its stream. Loop's thread only.
class FeedServer {
 public:
  /// Between two heartbeats of a stream.
  static constexpr std::chrono::seconds kHeartbeat{15};

  /// All but `listener` outlive it.
  FeedServer(net::EventLoop& loop, net::FileDescriptor listener, net::SslContext context, Publisher& publisher);
  ~FeedServer();

  net::SocketAddress address() const { return server_.address(); }

 private:
  class Stream;
  void handle(net::HttpExchange& exchange);
  void beat();

  Publisher& publisher_;
  std::unordered_map<Stream*, std::unique_ptr<Stream>> streams_;
  net::Timer heartbeat_;
  std::size_t next_part_ = 0;  ///< of the subscribers, whose heartbeats are due next
  net::HttpServer server_;
};

}  // namespace outrigger::op
