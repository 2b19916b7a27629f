#pragma once
#include <list>
#include <map>
#include <memory>
#include <optional>

#include "faults/simulated_api.h"
#include "faults/simulated_link.h"
#include "operator/publisher.h"
#include "operator/reconciler.h"

namespace outrigger::faults {

using TimePoint = op::Reconciler::TimePoint;

/// An operator without threads and sockets: what reads the API, the Reconciler and the Publisher, each doing a piece of
/// its work when it is told to.
class SimulatedReplica {
 public:
  using Published = std::map<model::ServicePort, std::shared_ptr<const feed::FullSet>>;

  /// Both outlive it.
  SimulatedReplica(const SimulatedApi& api, const TimePoint& now) : api_(api), now_(now) { restart(); }

  /// kill -9 and a new process: it knows nothing, and its streams are gone.
  void restart();
  /// As SIGSTOP and SIGCONT: does nothing meanwhile.
  void stop(bool stopped) { stopped_ = stopped; }
  bool stopped() const { return stopped_; }

  /// A kind's watch is cut, and comes back where it was.
  void cut(kube::Kind kind, bool cut) { watches_.at(kind).cut = cut; }
  /// The kind's list, or up to `max_events` of its watch.
  void read(kube::Kind kind, std::size_t max_events);
  /// The API server passes over an event. False: there is none to pass over.
  bool lose_event(kube::Kind kind);
  /// Compares all of a kind. False: it can not now.
  bool compare(kube::Kind kind);
  void reconcile(std::size_t max_services);

  void connect(std::shared_ptr<SimulatedLink> link) { links_.push_back(std::move(link)); }
  /// Accepts, reads what sidecars say, writes what the network takes, but no more than `bytes` a link.
  void serve(std::size_t bytes);

  /// All that was read has come out, but what is held back.
  bool quiet() const { return reconciler_->synced() && reconciler_->depth() == 0; }
  bool holds() const { return reconciler_->next_due().has_value(); }
  std::uint64_t repairs() const;
  const op::Objects& objects() const { return objects_; }    ///< as it has been told of them
  const Published& published() const { return published_; }  ///< as it tells sidecars

 private:
  struct Watch {
    std::uint64_t version = 0;  ///< 0: the next is a list
    bool cut = false;
  };
  void take(const kube::Change& change);

  const SimulatedApi& api_;
  const TimePoint& now_;
  bool stopped_ = false;
  bool complete_ = false;
  std::map<kube::Kind, Watch> watches_;
  op::Objects objects_;
  Published published_;
  std::optional<op::Reconciler> reconciler_;
  std::optional<op::Publisher> publisher_;
  std::list<std::shared_ptr<SimulatedLink>> links_;
};

}  // namespace outrigger::faults
