#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>

#include "balance/random.h"
#include "feed/message.h"
#include "http/body_reader.h"
#include "http/head_parser.h"
#include "lines/line_splitter.h"
#include "net/event_loop.h"
#include "net/stream.h"
#include "net/tls.h"
#include "sidecar/config.h"

namespace outrigger::sidecar {

/// The sidecar's end of the feed: connects, stays connected, asks for what is wanted, resumes from the versions it has,
/// and acknowledges what it has taken. Comes back with full jitter (at most 10 s), so that sidecars do not come in one
/// wave. Control thread only.
class FeedClient {
 public:
  struct Callbacks {
    std::function<void(std::shared_ptr<const feed::FullSet>)> on_set;
    std::function<void(const model::ServicePort&)> on_absent;
    /// What is dialled at an address that resolve() has named; none: no Service.
    std::function<void(const std::string& address, const std::optional<model::ServicePort>&)> on_destination;
    /// Of the node that it was told of; empty: it does not know it any more.
    std::function<void(const std::string& zone)> on_zone;
    /// The operator has said that what we have of all this is the newest: any message counts.
    std::function<void()> on_word;
  };

  /// `node`: as set_node() has it.
  FeedClient(net::EventLoop& loop, OperatorConfig config, net::SslContext context, std::uint64_t seed, std::string node,
             Callbacks callbacks);
  ~FeedClient();

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
  bool connected() const { return receiving_; }
  /// Connected, or trying and not failed yet: an answer may come soon.
  bool hopeful() const { return !lost_; }

 private:
  void connect();
  /// Of the addresses that the host's name has, the next one at each attempt: some may not be listened on.
  void resolve(std::size_t turn);
  void open(const net::SocketAddress& address);
  void on_open();
  void on_bytes(std::string_view bytes);
  Result<void> read(std::string_view bytes);
  Result<void> take(std::string_view line);
  void lose(const std::string& reason);
  void send(const feed::ToOperator& message);

  net::EventLoop& loop_;
  OperatorConfig config_;
  net::SslContext context_;
  balance::Random random_;
  std::string node_;
  Callbacks callbacks_;
  std::set<model::ServicePort> wanted_;
  std::map<model::ServicePort, std::shared_ptr<const feed::FullSet>> known_;
  std::set<std::string> unresolved_;  ///< what is asked for and is no Service yet

  std::unique_ptr<net::Stream> stream_;
  http::HeadParser head_parser_;
  std::string partial_head_;
  bool head_read_ = false;
  bool subscribed_ = false;  ///< on this stream; what is wanted further must be said
  bool receiving_ = false;   ///< the answer's head was read
  bool lost_ = false;        ///< since the last answer's head
  http::BodyReader body_;
  LineSplitter lines_{feed::kMaxLineToSidecar};
  std::chrono::milliseconds backoff_;
  net::Timer retry_;
  net::Timer silence_;
  std::size_t lookups_ = 0;
  std::thread resolver_;
};

}  // namespace outrigger::sidecar
