#pragma once
/// What the control thread tells the workers: an immutable picture of every destination. Made once for each change and
/// shared; a worker swaps one pointer and brings its own clusters up to date.
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "feed/message.h"
#include "sidecar/service_metrics.h"

namespace outrigger::sidecar {

struct TableEntry {
  std::shared_ptr<const feed::FullSet> set;  ///< null: wanted, but not known or no such Service
  std::shared_ptr<ServiceMetrics> metrics;
  std::vector<std::shared_ptr<BackendMetrics>> backends;  ///< of set->set.endpoints, in their order
};

using RoutingTable = std::map<model::ServicePort, TableEntry>;

/// Builds tables so that metrics of what stays go on, and of what goes end. Control thread only.
class TableBuilder {
 public:
  explicit TableBuilder(std::size_t workers) : workers_(workers) {}

  /// `sets` is everything there is or should be now; null where nothing is known.
  std::shared_ptr<const RoutingTable> build(
      const std::map<model::ServicePort, std::shared_ptr<const feed::FullSet>>& sets);
  /// The last table; empty at first.
  const std::shared_ptr<const RoutingTable>& current() const { return current_; }

 private:
  std::size_t workers_;
  std::shared_ptr<const RoutingTable> current_ = std::make_shared<const RoutingTable>();
  /// Of every service there ever was: a service that comes back goes on counting, since a counter must not fall.
  std::map<model::ServicePort, std::shared_ptr<ServiceMetrics>> service_metrics_;
};

}  // namespace outrigger::sidecar
