#pragma once
#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "operator/inventory.h"
#include "operator/service_update.h"
#include "operator/work_queue.h"

namespace outrigger::op {

/// Changes in, updates out, by level: what a Service's sets are now counts, not how they came to be. What takes an
/// endpoint away comes out at once; where a set only gains endpoints or weights, and has some already, it may be held
/// back, so that a rollout's come together. One owner, no lock, no clock.
class Reconciler {
 public:
  using TimePoint = WorkQueue::TimePoint;
  /// From reading the first change that may be held back.
  static constexpr std::chrono::milliseconds kMaxHold{50};

  /// `kinds`: what the source tells; nothing comes out before each of them has been told whole once, so that a restart
  /// never shows half a picture.
  Reconciler(const std::vector<kube::Kind>& kinds, Inventory::OnProblem on_problem)
      : missing_(kinds.begin(), kinds.end()), inventory_(std::move(on_problem)) {}

  void apply(kube::Change change);

  /// Looks at no more than `max_services` of the Services that wait. What comes out is only what differs from what came
  /// out before.
  std::vector<ServiceUpdate> reconcile(std::size_t max_services, TimePoint now);
  /// When something held back is to come out, if nothing else brings it out before.
  std::optional<TimePoint> next_due() const;

  /// As Inventory's.
  std::map<std::string, std::string> take_changed_zones() { return inventory_.take_changed_zones(); }

  bool synced() const { return missing_.empty(); }
  /// Kinds not yet told whole.
  const std::set<kube::Kind>& missing() const { return missing_; }
  std::size_t depth() const { return queue_.depth(); }
  std::size_t services() const { return inventory_.services(); }
  /// Endpoints of all sets that came out last.
  std::size_t endpoints() const { return endpoints_; }
  const std::map<kube::Kind, std::uint64_t>& repairs() const { return inventory_.repairs(); }
  std::size_t invalid_annotations() const { return inventory_.invalid_annotations(); }

 private:
  using SetsByPort = std::map<std::uint16_t, std::shared_ptr<const feed::FullSet>>;
  /// With those that are the same as before as they were.
  SetsByPort sets_now(const model::ObjectKey& service, const SetsByPort& before) const;
  void reconcile_one(WorkQueue::Item item, TimePoint now, std::vector<ServiceUpdate>& updates);
  void hold(const WorkQueue::Item& item);
  /// The earliest change behind what was held back; none: nothing was.
  std::optional<TimePoint> release(const model::ObjectKey& service);

  std::set<kube::Kind> missing_;
  Inventory inventory_;
  WorkQueue queue_;
  std::unordered_map<model::ObjectKey, SetsByPort> given_;       ///< no entry is empty
  std::unordered_map<model::ObjectKey, TimePoint> held_;         ///< to when its earliest change was read
  std::set<std::pair<TimePoint, model::ObjectKey>> held_order_;  ///< the same
  std::size_t endpoints_ = 0;
};

}  // namespace outrigger::op
