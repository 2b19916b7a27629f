#include "sidecar/routing_table.h"

#include <unordered_map>

namespace outrigger::sidecar {

std::shared_ptr<const RoutingTable> TableBuilder::build(
    const std::map<model::ServicePort, std::shared_ptr<const feed::FullSet>>& sets) {
  auto table = std::make_shared<RoutingTable>();
  for (const auto& [service, set] : sets) {
    const auto old = current_->find(service);
    if (old != current_->end() && old->second.set == set) {
      table->emplace(service, old->second);
      continue;
    }
    TableEntry entry{.set = set, .metrics = service_metrics_[service], .backends = {}};
    if (!entry.metrics) {
      entry.metrics = std::make_shared<ServiceMetrics>(workers_);
      service_metrics_[service] = entry.metrics;
    }
    std::unordered_map<std::string_view, std::shared_ptr<BackendMetrics>> known;
    if (old != current_->end()) {
      for (std::size_t i = 0; i < old->second.backends.size(); ++i) {
        known.emplace(old->second.set->set.endpoints[i].address, old->second.backends[i]);
      }
    }
    for (const model::Endpoint& endpoint : set ? set->set.endpoints : std::vector<model::Endpoint>{}) {
      const auto kept = known.find(endpoint.address);
      entry.backends.push_back(kept != known.end() ? kept->second : std::make_shared<BackendMetrics>(workers_));
    }
    table->emplace(service, std::move(entry));
  }
  current_ = std::move(table);
  return current_;
}

}  // namespace outrigger::sidecar
