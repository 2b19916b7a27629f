#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "metrics/cells.h"
#include "operator/address_book.h"
#include "operator/service_update.h"
#include "operator/subscriber.h"
#include "operator/topic.h"
#include "result/result.h"

namespace outrigger::op {

/// Holds what every sidecar may ask for and brings each subscriber from what it has to what there is. Knows no sockets
/// and no thread: one owner.
class Publisher {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  using Now = std::function<TimePoint()>;

  Publisher(Framing framing, Now now) : framing_(std::move(framing)), now_(std::move(now)) {}

  /// Takes updates in and sends them at once to whoever has room. Nobody is answered before the first that is complete.
  void publish(const Publication& publication);
  bool complete() const { return complete_; }

  /// `stream` stays alive until remove().
  void add(FeedStream& stream);
  void remove(FeedStream& stream);
  /// A line from a subscriber, without its '\n'. A failure is the subscriber's fault and must end its stream.
  Result<void> receive(FeedStream& stream, std::string_view line);
  /// The stream has room again, or has sent more.
  void drained(FeedStream& stream);
  /// It has been sent all that it has asked for so far.
  bool answered(FeedStream& stream) const;
  /// One line to everybody who is not stuck, or to the `part`-th of `parts` about equal parts of them: to thousands at
  /// once it would keep changes waiting.
  void heartbeat(std::size_t part = 0, std::size_t parts = 1);

  std::size_t subscribers() const { return subscribers_.size(); }
  /// Subscriptions to what their stream may not see: they are answered as absent.
  std::uint64_t out_of_scope() const { return out_of_scope_; }
  /// Change read → last byte of its line taken by the kernel, per subscriber.
  const metrics::DurationHistogram& propagation() const { return propagation_; }
  /// Who is here, what each has and has acknowledged: a JSON array.
  std::string describe() const;

 private:
  std::shared_ptr<Topic> topic_of(const model::ServicePort& service);
  std::shared_ptr<Topic> visible_topic(const Subscriber& subscriber, const model::ServicePort& service);
  void forget_if_idle(const Topic& topic);
  Result<void> take(Subscriber& subscriber, feed::Subscribe&& message);
  Result<void> take(Subscriber& subscriber, feed::Unsubscribe&& message);
  Result<void> take(Subscriber& subscriber, feed::Resolve&& message);
  Result<void> take(Subscriber& subscriber, feed::Unresolve&& message);
  Result<void> take(Subscriber& subscriber, feed::Ack&& message);
  void learn_addresses(const Topic& topic, const std::vector<std::string>& before);
  void learn_zones(const std::map<std::string, std::string>& zones);
  void leave(Subscriber& subscriber, const model::ServicePort& service);
  void flush(Subscriber& subscriber);

  Framing framing_;
  Now now_;
  bool complete_ = false;
  Block heartbeat_;
  /// Those with a set or a subscriber.
  std::unordered_map<model::ServicePort, std::shared_ptr<Topic>> topics_;
  AddressBook addresses_;
  std::unordered_map<FeedStream*, std::unique_ptr<Subscriber>> subscribers_;
  std::unordered_map<std::string, std::string> zones_;  ///< by node, those that are known
  std::uint64_t out_of_scope_ = 0;
  metrics::DurationHistogram propagation_;
};

}  // namespace outrigger::op
