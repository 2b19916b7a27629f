#include "sidecar/wanted_services.h"

namespace outrigger::sidecar {
namespace {

/// The set in use of that name; null when none is known.
const model::EndpointSet* find_set(const model::ServicePort& service, const Sets& file_sets, const Sets& feed_sets) {
  for (const Sets* sets : {&file_sets, &feed_sets}) {
    if (const auto found = sets->find(service); found != sets->end()) return &found->second->set;
  }
  return nullptr;
}

/// With the clusters of their rules.
std::set<model::ServicePort> with_clusters(const std::set<model::ServicePort>& destinations, const Sets& file_sets,
                                           const Sets& feed_sets) {
  std::set<model::ServicePort> in_use = destinations;
  for (const model::ServicePort& destination : destinations) {
    const model::EndpointSet* set = find_set(destination, file_sets, feed_sets);
    if (set == nullptr) continue;
    for (const model::Rule& rule : set->rules) {
      for (const model::WeightedCluster& cluster : rule.clusters) in_use.insert(cluster.cluster);
    }
  }
  return in_use;
}

std::set<model::ServicePort> configured(const std::vector<ListenerConfig>& listeners, const Sets& file_sets) {
  std::set<model::ServicePort> destinations;
  for (const auto& [service, set] : file_sets) destinations.insert(service);
  for (const ListenerConfig& listener : listeners) {
    if (listener.has_service()) destinations.insert(listener.service);
  }
  return destinations;
}

}  // namespace

std::set<model::ServicePort> services_in_use(const std::vector<ListenerConfig>& listeners, const Sets& file_sets,
                                             const Sets& feed_sets) {
  return with_clusters(configured(listeners, file_sets), file_sets, feed_sets);
}

std::set<model::ServicePort> wanted_services(const std::vector<ListenerConfig>& listeners,
                                             const std::vector<model::ServicePort>& dialled, const Sets& file_sets,
                                             const Sets& feed_sets) {
  auto destinations = configured(listeners, file_sets);
  destinations.insert(dialled.begin(), dialled.end());
  const auto in_use = with_clusters(destinations, file_sets, feed_sets);
  std::set<model::ServicePort> wanted = in_use;
  for (const model::ServicePort& service : in_use) {
    if (const auto* set = find_set(service, file_sets, feed_sets)) {
      wanted.insert(set->failover.begin(), set->failover.end());
    }
  }
  std::erase_if(wanted, [&](const model::ServicePort& service) { return file_sets.contains(service); });
  return wanted;
}

}  // namespace outrigger::sidecar
