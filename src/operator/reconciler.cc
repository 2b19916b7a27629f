#include "operator/reconciler.h"

#include <utility>

#include "feed/version.h"

namespace outrigger::op {

void Reconciler::apply(kube::Change change) {
  if (change.replace) missing_.erase(change.kind);
  const auto read_at = change.read_at;
  inventory_.apply(std::move(change), [&](const model::ObjectKey& service) { queue_.add(service, read_at); });
}

std::vector<ServiceUpdate> Reconciler::reconcile(std::size_t max_services) {
  std::vector<ServiceUpdate> updates;
  if (!synced()) return updates;
  for (std::size_t i = 0; i < max_services; ++i) {
    const auto item = queue_.take();
    if (!item) break;
    reconcile_one(*item, updates);
  }
  return updates;
}

void Reconciler::reconcile_one(const WorkQueue::Item& item, std::vector<ServiceUpdate>& updates) {
  SetsByPort& given = given_[item.service];
  SetsByPort now;
  for (model::EndpointSet& set : inventory_.sets_of(item.service)) {
    const std::uint16_t port = set.service.port;
    const auto before = given.find(port);
    if (before != given.end() && before->second->set == set) {
      now[port] = before->second;
      continue;
    }
    std::string version = feed::version_of(set);
    const auto& next = now[port] =
        std::make_shared<const feed::FullSet>(feed::FullSet{std::move(version), std::move(set)});
    updates.push_back({next->set.service, next, item.read_at});
  }
  for (const auto& [port, set] : given) {
    endpoints_ -= set->set.endpoints.size();
    if (!now.contains(port)) updates.push_back({set->set.service, nullptr, item.read_at});
  }
  for (const auto& [port, set] : now) endpoints_ += set->set.endpoints.size();
  if (now.empty()) {
    given_.erase(item.service);
  } else {
    given = std::move(now);
  }
}

}  // namespace outrigger::op
