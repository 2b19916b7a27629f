#pragma once
#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "metrics/cells.h"
#include "operator/address_book.h"
#include "operator/feed_stream.h"
#include "operator/topic.h"

namespace outrigger::op {

/// What one subscriber has and what it has yet to be told: one slot per Service port in which the newest wins, so a
/// reader that is stuck costs no more than its subscriptions and kMaxUnsent plus one line. One owner.
class Subscriber {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  /// New lines wait in their slots while the stream has more than this unsent.
  static constexpr std::size_t kMaxUnsent = 256 << 10;

  struct Slot {
    std::shared_ptr<Topic> topic;
    std::string version;    ///< what it has once all that is sent has arrived; empty: nothing
    bool answered = false;  ///< told something since it subscribed
    std::string acknowledged;
    /// When the earliest change that it has not been sent was read; none while an answer to a subscription waits.
    std::optional<TimePoint> changed;
    std::optional<std::list<model::ServicePort>::iterator> waiting;  ///< its place among those that are to be told
  };

  explicit Subscriber(FeedStream& stream) : stream_(stream) {}

  /// Begins a subscription, or begins it anew: the subscriber has `version` and expects an answer.
  void subscribe(std::shared_ptr<Topic> topic, std::string version);
  /// Null when it was not subscribed.
  std::shared_ptr<Topic> unsubscribe(const model::ServicePort& service);
  void acknowledge(const model::ServicePort& service, std::string version);

  /// It asks what is dialled there, for the first time or again; the next flush() answers.
  void resolve(const std::string& address);
  /// It does not any more. False: it did not.
  bool unresolve(const std::string& address);
  /// What is asked for and was not a Service when that was last told.
  const std::unordered_set<std::string>& unresolved() const { return unresolved_; }

  /// Where it runs; empty: it has not said so.
  const std::string& node() const { return node_; }
  void set_node(std::string node);
  /// Of its node; empty: not known. The next flush() tells it.
  void set_zone(std::string zone) { zone_ = std::move(zone); }

  /// The topic has a new level.
  void mark(const model::ServicePort& service, TimePoint read_at);
  /// Sends what waits, as far as the stream has room. Whoever was told its Service waits no longer in `addresses`.
  void flush(const Framing& framing, AddressBook& addresses);
  /// A line of no Service, which may be left out when the stream has no room.
  void send_if_room(Block block);
  /// Observes the changes whose last byte the kernel has taken.
  void observe_sent(TimePoint now, metrics::DurationHistogram& propagation);

  const std::unordered_map<model::ServicePort, Slot>& slots() const { return slots_; }
  std::size_t waiting() const { return waiting_.size(); }
  const FeedStream& stream() const { return stream_; }

 private:
  void tell_zone(const Framing& framing);
  void tell_destinations(const Framing& framing, AddressBook& addresses);
  void wait(Slot& slot);
  void send(Block block, std::optional<TimePoint> changed);

  struct InFlight {
    std::uint64_t end;  ///< the stream's sent() when the line's last byte is gone
    TimePoint changed;
  };
  FeedStream& stream_;
  std::string node_;
  std::string zone_;
  std::optional<std::string> told_zone_ =
      "";  ///< what it has once all that is sent has arrived; null: it has named its node since
  std::unordered_set<std::string> unresolved_;
  std::set<std::string> to_resolve_;  ///< of those, what is to be told anew
  std::unordered_map<model::ServicePort, Slot> slots_;
  std::list<model::ServicePort> waiting_;  ///< each at most once, longest first
  std::vector<InFlight> in_flight_;        ///< oldest first; bounded by kMaxUnsent, a line has more than 50 bytes
  bool flushing_ = false;
};

}  // namespace outrigger::op
