#pragma once
#include <cstddef>
#include <map>
#include <memory>
#include <set>
#include <unordered_map>
#include <vector>

#include "operator/inventory.h"
#include "operator/service_update.h"
#include "operator/work_queue.h"

namespace outrigger::op {

/// Changes in, updates out, by level: what a Service's sets are now counts, not how they came to be. One owner, no
/// lock, no clock.
class Reconciler {
 public:
  /// `kinds`: what the source tells; nothing comes out before each of them has been told whole once, so that a restart
  /// never shows half a picture.
  Reconciler(const std::vector<kube::Kind>& kinds, Inventory::OnProblem on_problem)
      : missing_(kinds.begin(), kinds.end()), inventory_(std::move(on_problem)) {}

  void apply(kube::Change change);

  /// Looks at no more than `max_services` of the Services that wait. What comes out is only what differs from what came
  /// out before.
  std::vector<ServiceUpdate> reconcile(std::size_t max_services);

  /// As Inventory's.
  std::map<std::string, std::string> take_changed_zones() { return inventory_.take_changed_zones(); }

  bool synced() const { return missing_.empty(); }
  /// Kinds not yet told whole.
  const std::set<kube::Kind>& missing() const { return missing_; }
  std::size_t depth() const { return queue_.depth(); }
  std::size_t services() const { return inventory_.services(); }
  /// Endpoints of all sets that came out last.
  std::size_t endpoints() const { return endpoints_; }
  std::size_t invalid_annotations() const { return inventory_.invalid_annotations(); }

 private:
  using SetsByPort = std::map<std::uint16_t, std::shared_ptr<const feed::FullSet>>;
  void reconcile_one(const WorkQueue::Item& item, std::vector<ServiceUpdate>& updates);

  std::set<kube::Kind> missing_;
  Inventory inventory_;
  WorkQueue queue_;
  std::unordered_map<model::ObjectKey, SetsByPort> given_;  ///< no entry is empty
  std::size_t endpoints_ = 0;
};

}  // namespace outrigger::op
