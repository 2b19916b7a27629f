/// The API server of the feed's bench: lists in pages and watches with bookmarks over mutual TLS, for the kinds that
/// the operator asks for. Loop's thread only.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "feed_cluster.h"
#include "net/http_server.h"

namespace bench {

class FeedApi {
 public:
  /// `loop` and `cluster` outlive it.
  FeedApi(outrigger::net::EventLoop& loop, outrigger::net::FileDescriptor listener, outrigger::net::SslContext context,
          const FeedCluster& cluster);

  outrigger::net::SocketAddress address() const { return server_.address(); }
  /// To all who watch the kind; written when the loop's round ends.
  void tell(const Event& event);

 private:
  /// Events that a watch may begin behind; from further back it is told 410.
  static constexpr std::size_t kRemembered = 4'096;
  using Block = std::shared_ptr<const std::string>;
  struct Told {
    std::uint64_t version;
    Kind kind;
    Block chunk;
  };

  void handle(outrigger::net::HttpExchange& exchange);
  void list(outrigger::net::HttpExchange& exchange, Kind kind);
  void watch(outrigger::net::HttpExchange& exchange, Kind kind);
  void tell_bookmarks();

  const FeedCluster& cluster_;
  std::deque<Told> told_;
  std::uint64_t forgotten_ = 0;  ///< the newest version whose event is not remembered
  std::map<Kind, std::set<outrigger::net::HttpExchange*>> watches_;
  outrigger::net::Timer bookmark_;
  outrigger::net::HttpServer server_;
};

}  // namespace bench
