#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "feed/message.h"

namespace outrigger::uplink {

/// What a sidecar wants to be told, what it has been told, and what each side is to say next, whichever stream, and
/// operator, it is said on. Knows no sockets and no clock. One owner.
class FeedSubscriptions {
 public:
  /// What they call may change what is wanted.
  struct Callbacks {
    std::function<void(std::shared_ptr<const feed::FullSet>)> on_set;
    std::function<void(const model::ServicePort&)> on_absent;
    /// What is dialled at an address that resolve() has named; none: no Service.
    std::function<void(const std::string& address, const std::optional<model::ServicePort>&)> on_destination;
    /// Of the node that was told; empty: it is not known any more.
    std::function<void(const std::string& zone)> on_zone;
    /// The operator has said that what we have of all this is the newest: any message counts.
    std::function<void()> on_word;
  };
  using Messages = std::vector<feed::ToOperator>;

  explicit FeedSubscriptions(Callbacks callbacks) : callbacks_(std::move(callbacks)) {}

  /// What a snapshot had: the versions to resume from. Before want().
  void know(std::shared_ptr<const feed::FullSet> set);

  /// These change what is wanted, and return what to say of it on every stream that has begun.
  Messages want(const std::set<model::ServicePort>& services);
  Messages resolve(const std::string& address);
  Messages unresolve(const std::string& address);
  /// Empty: none, and what is said of its zone does not count.
  Messages set_node(std::string node);

  /// What a stream begins with.
  Messages beginning() const;

  /// Takes what a stream has told; returns what to say on it, if anything.
  std::optional<feed::ToOperator> take(feed::ToSidecar&& message);

 private:
  std::string version_of(const model::ServicePort& service) const;
  std::optional<feed::ToOperator> apply(feed::FullSet&& full);
  std::optional<feed::ToOperator> apply(feed::Delta&& delta);
  std::optional<feed::ToOperator> apply(feed::Current&& current);
  std::optional<feed::ToOperator> apply(feed::Absent&& absent);
  std::optional<feed::ToOperator> apply(feed::Destination&& destination);
  std::optional<feed::ToOperator> apply(feed::Place&& place);
  std::optional<feed::ToOperator> apply(feed::Heartbeat&&) { return std::nullopt; }

  Callbacks callbacks_;
  std::string node_;
  std::set<model::ServicePort> wanted_;
  std::map<model::ServicePort, std::shared_ptr<const feed::FullSet>> known_;
  std::set<std::string> unresolved_;  ///< what is asked for and is no Service yet
};

}  // namespace outrigger::uplink
