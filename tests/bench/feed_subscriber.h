/// A sidecar as the operator sees it, and little more: one mutual-TLS stream, its subscriptions, acknowledgements, and
/// the way back when it is lost (src/uplink/feed_client.cc). Loop's thread only.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "feed/message.h"
#include "feed_cluster.h"
#include "feed_propagation.h"
#include "http/body_reader.h"
#include "http/head_parser.h"
#include "lines/line_splitter.h"
#include "net/event_loop.h"
#include "net/stream.h"
#include "uplink/operator_backoff.h"

namespace bench {

/// A line of the feed, read once for all who get the same.
struct Told {
  bool current = false;
  std::size_t service = 0;
  std::string from;     ///< of a delta
  std::string version;  ///< what whoever took it has then; of an absent Service empty
  std::shared_ptr<const outrigger::feed::FullSet> set;
  std::uint32_t step = 0;
  std::shared_ptr<const std::string> ack;  ///< null: not acknowledged
};

/// What all subscribers share.
struct Crowd {
  outrigger::net::EventLoop& loop;
  outrigger::net::SslContext context;
  const FeedCluster& cluster;
  outrigger::net::SocketAddress feed{};
  Propagation propagation{};
  std::mt19937_64 random{};
  /// One more is answered.
  std::function<void()> on_answered{};
  std::unordered_map<std::string, std::shared_ptr<const Told>> lines{};  ///< the last ones
  std::size_t answered = 0;     ///< streams that are answered for each of their services
  std::uint64_t bytes_in = 0;   ///< of the answers' bodies, heartbeats left out
  std::uint64_t bytes_out = 0;  ///< of the requests' bodies
  std::uint64_t lines_in = 0;   ///< heartbeats left out
  std::uint64_t losses = 0;
  std::uint64_t misfits = 0;  ///< deltas that did not fit, other than by a race with our own subscription
};

class FeedSubscriber {
 public:
  /// `crowd` outlives it. Requires the services to be different ones.
  FeedSubscriber(Crowd& crowd, const std::vector<std::size_t>& services);

  void connect();
  /// All services are answered on the stream that is open now.
  bool answered() const { return answered_ == slots_.size(); }
  /// Services of which it has other endpoints than the cluster.
  std::size_t differing() const;

 private:
  struct Slot {
    std::size_t service = 0;
    bool answered = false;
    std::uint32_t step = 0;
    std::shared_ptr<const outrigger::feed::FullSet> set{};
  };

  void on_open();
  void on_bytes(std::string_view bytes);
  outrigger::Result<void> read(std::string_view bytes);
  outrigger::Result<void> take(std::string_view line);
  outrigger::Result<std::shared_ptr<const Told>> decoded(std::string_view line);
  void apply(Slot& slot, const Told& told);
  void send(std::shared_ptr<const std::string> chunk);
  void lose();
  Slot* slot_of(std::size_t service);

  Crowd& crowd_;
  std::vector<Slot> slots_;
  std::size_t answered_ = 0;
  std::unique_ptr<outrigger::net::Stream> stream_;
  std::string partial_head_;
  bool head_read_ = false;
  outrigger::http::BodyReader body_;
  outrigger::LineSplitter lines_{outrigger::feed::kMaxLineToSidecar};
  outrigger::uplink::OperatorBackoff backoff_;
  outrigger::net::Timer retry_;
  outrigger::net::Timer silence_;
};

}  // namespace bench
