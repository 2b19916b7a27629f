#pragma once
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "faults/simulated_replica.h"
#include "feed/message.h"
#include "lines/line_splitter.h"
#include "uplink/feed_subscriptions.h"

namespace outrigger::faults {

/// A sidecar without sockets: FeedSubscriptions over links, of which there are two while it moves, as FeedClient has
/// it.
class SimulatedSidecar {
 public:
  using Sets = std::map<model::ServicePort, std::shared_ptr<const feed::FullSet>>;

  explicit SimulatedSidecar(std::string node) : node_(std::move(node)) { restart(); }

  /// Writes down what it has.
  void save() { snapshot_ = sets_; }
  /// A new process has what was written down, and wants what was wanted.
  void restart();

  void want(const model::ServicePort& service, bool wanted);
  void resolve(const std::string& address);
  void unresolve(const std::string& address);

  /// Begins a stream that takes the place of the one there is once it is answered.
  void move_to(SimulatedReplica& replica);
  bool moving() const { return next_.link != nullptr; }
  void give_up_moving() { leave(next_); }
  /// Its stream breaks off, wherever it was.
  void lose_stream() { leave(current_); }
  /// Reads up to `bytes` of each of its streams.
  void read(std::size_t bytes);
  /// Only of the one whose answers it takes.
  void read_current(std::size_t bytes) {
    if (current_.link) read(current_, bytes);
  }

  /// Whose answers it takes; null: nobody's.
  const SimulatedReplica* connected() const { return current_.link ? current_.replica : nullptr; }
  bool drained() const { return connected() != nullptr && !moving() && current_.link->idle(); }

  const Sets& sets() const { return sets_; }
  const std::set<model::ServicePort>& wanted() const { return wanted_; }
  /// By address, what it was told last of those it asks for; one that it named a Service of is not asked for any more.
  const std::map<std::string, std::optional<model::ServicePort>>& destinations() const { return destinations_; }
  const std::set<std::string>& asked() const { return asked_; }
  const std::string& node() const { return node_; }
  const std::string& zone() const { return zone_; }

 private:
  struct Stream {
    const SimulatedReplica* replica = nullptr;
    std::shared_ptr<SimulatedLink> link;
    std::unique_ptr<LineSplitter> lines;
    bool answered = false;
  };
  void say(const uplink::FeedSubscriptions::Messages& messages);
  static void say(Stream& stream, const feed::ToOperator& message);
  static void leave(Stream& stream);
  void read(Stream& stream, std::size_t bytes);
  void take_line(Stream& stream, std::string_view line);

  std::string node_;
  std::set<model::ServicePort> wanted_;
  std::set<std::string> asked_;
  Sets snapshot_;
  Sets sets_;
  std::map<std::string, std::optional<model::ServicePort>> destinations_;
  std::string zone_;
  std::optional<uplink::FeedSubscriptions> subscriptions_;
  Stream current_;
  Stream next_;
};

}  // namespace outrigger::faults
