#pragma once
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "balance/random.h"
#include "feed/message.h"
#include "lines/line_splitter.h"
#include "net/event_loop.h"
#include "net/tls.h"
#include "uplink/feed_subscriptions.h"
#include "uplink/operator_address.h"
#include "uplink/operator_backoff.h"
#include "uplink/operator_config.h"
#include "uplink/operator_exchange.h"

namespace outrigger::uplink {

/// The sidecar's end of the feed: connects, stays connected, asks for what is wanted, resumes from the versions it has,
/// and acknowledges what it has taken. Comes back with full jitter (at most 10 s), so that sidecars do not come in one
/// wave. Moves to another stream now and then, and when it is to show another certificate; the one before ends when the
/// other is answered, so that nothing is missed. Control thread only.
class FeedClient {
 public:
  using Callbacks = FeedSubscriptions::Callbacks;

  /// Of a stream's life, drawn anew for each; so sidecars spread over operators that have come back.
  static constexpr std::chrono::minutes kMinLife{30};
  static constexpr std::chrono::minutes kMaxLife{90};

  /// `context`: null, and nothing is connected before set_context(). `node`: as set_node() has it.
  FeedClient(net::EventLoop& loop, OperatorConfig config, net::SslContext context, std::uint64_t seed, std::string node,
             Callbacks callbacks);
  ~FeedClient();

  /// For what is connected from now on, and a stream that is open moves to it.
  void set_context(net::SslContext context);

  /// What a snapshot had: the versions to resume from. Before want().
  void know(std::shared_ptr<const feed::FullSet> set);
  /// Everything that is wanted from now on. Changes go over the open stream.
  void want(const std::set<model::ServicePort>& services);
  /// Has the operator say what is dialled there, over this stream or the next; again whenever it changes, until it is a
  /// Service or unresolve().
  void resolve(const std::string& address);
  void unresolve(const std::string& address);
  /// The node whose zone the operator is asked for; empty: none, and what it says of one does not count.
  void set_node(std::string node);
  bool connected() const { return current_ && current_->answered; }
  /// Connected, or on the way to be for the first time: an answer may come soon.
  bool hopeful() const { return !lost_; }
  /// There is no context to connect with, and none will come soon.
  void give_up_hope() { lost_ = !connected(); }

 private:
  /// One stream.
  struct Link {
    explicit Link(net::SslContext shown) : context(std::move(shown)) {}
    net::SslContext context;
    std::unique_ptr<OperatorExchange> exchange;
    LineSplitter lines{feed::kMaxLineToSidecar};
    bool subscribed = false;  ///< what is wanted further must be said
    bool answered = false;    ///< the answer's head was read
    net::Clock::time_point answered_at{};
    std::chrono::seconds retry_after{0};
  };

  void connect();
  void open(const net::SocketAddress& address);
  void on_open(Link& link);
  std::chrono::milliseconds life();
  Result<void> on_head(Link& link, const http::ResponseHead& head);
  Result<void> take(Link& link, std::string_view line);
  void on_end(const Link& link, const std::string& reason);
  void fail(const std::string& reason, net::Clock::duration lived, std::chrono::seconds retry_after);
  void bury(std::unique_ptr<Link> link);
  static void send(Link& link, const feed::ToOperator& message);
  /// On every stream that has said what is wanted.
  void send_to_all(const FeedSubscriptions::Messages& messages);

  net::EventLoop& loop_;
  OperatorConfig config_;
  net::SslContext context_;
  balance::Random random_;
  FeedSubscriptions subscriptions_;
  OperatorAddress address_;

  std::unique_ptr<Link> current_;  ///< what was last answered
  std::unique_ptr<Link> next_;     ///< being opened
  bool lost_ = false;              ///< since the last answer's head
  OperatorBackoff backoff_;
  net::Timer connect_timer_;  ///< for the first stream, the next after a failure, or a move
};

}  // namespace outrigger::uplink
