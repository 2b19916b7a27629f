#include "operator/reconciler.h"

#include <algorithm>
#include <utility>

#include "feed/version.h"

namespace outrigger::op {
namespace {

/// Whether nothing that serves would be missed, and something does, if `after` came a little later.
bool only_gains(const model::EndpointSet& before, const model::EndpointSet& after) {
  const bool same_ways = before.options == after.options && before.rules == after.rules &&
                         before.addresses == after.addresses && before.failover == after.failover;
  const bool serves =
      std::ranges::any_of(before.endpoints, [](const model::Endpoint& endpoint) { return !endpoint.draining; });
  if (!same_ways || !serves) return false;
  auto candidate = after.endpoints.begin();
  return std::ranges::all_of(before.endpoints, [&](const model::Endpoint& endpoint) {
    candidate = std::lower_bound(candidate, after.endpoints.end(), endpoint.address,
                                 [](const auto& one, const auto& address) { return one.address < address; });
    return candidate != after.endpoints.end() && candidate->address == endpoint.address &&
           candidate->pod == endpoint.pod && (!candidate->draining || endpoint.draining);
  });
}

}  // namespace

void Reconciler::apply(kube::Change change) {
  if (change.replace) missing_.erase(change.kind);
  const auto read_at = change.read_at;
  inventory_.apply(std::move(change), [&](const model::ObjectKey& service) { queue_.add(service, read_at); });
}

std::vector<ServiceUpdate> Reconciler::reconcile(std::size_t max_services, TimePoint now) {
  std::vector<ServiceUpdate> updates;
  if (!synced()) return updates;
  while (next_due() && *next_due() <= now) {
    const auto [read_at, service] = *held_order_.begin();
    release(service);
    queue_.add(service, read_at);
  }
  for (std::size_t i = 0; i < max_services; ++i) {
    auto item = queue_.take();
    if (!item) break;
    reconcile_one(std::move(*item), now, updates);
  }
  return updates;
}

std::optional<Reconciler::TimePoint> Reconciler::next_due() const {
  if (held_order_.empty()) return std::nullopt;
  return held_order_.begin()->first + kMaxHold;
}

void Reconciler::hold(const WorkQueue::Item& item) {
  held_.emplace(item.service, item.read_at);
  held_order_.emplace(item.read_at, item.service);
}

std::optional<Reconciler::TimePoint> Reconciler::release(const model::ObjectKey& service) {
  const auto held = held_.find(service);
  if (held == held_.end()) return std::nullopt;
  const TimePoint read_at = held->second;
  held_order_.erase({read_at, service});
  held_.erase(held);
  return read_at;
}

Reconciler::SetsByPort Reconciler::sets_now(const model::ObjectKey& service, const SetsByPort& before) const {
  SetsByPort sets;
  for (model::EndpointSet& set : inventory_.sets_of(service)) {
    const std::uint16_t port = set.service.port;
    const auto old = before.find(port);
    if (old != before.end() && old->second->set == set) {
      sets[port] = old->second;
      continue;
    }
    std::string version = feed::version_of(set);
    sets[port] = std::make_shared<const feed::FullSet>(feed::FullSet{std::move(version), std::move(set)});
  }
  return sets;
}

void Reconciler::reconcile_one(WorkQueue::Item item, TimePoint now, std::vector<ServiceUpdate>& updates) {
  if (const auto held_since = release(item.service)) item.read_at = std::min(item.read_at, *held_since);
  SetsByPort& given = given_[item.service];
  SetsByPort next = sets_now(item.service, given);
  const bool may_wait =
      given != next && std::ranges::equal(given, next, [](const auto& before, const auto& after) {
        return before == after || (before.first == after.first && only_gains(before.second->set, after.second->set));
      });
  if (may_wait && now < item.read_at + kMaxHold) return hold(item);

  for (const auto& [port, set] : given) {
    endpoints_ -= set->set.endpoints.size();
    if (!next.contains(port)) updates.push_back({set->set.service, nullptr, item.read_at});
  }
  for (const auto& [port, set] : next) {
    endpoints_ += set->set.endpoints.size();
    const auto before = given.find(port);
    if (before == given.end() || before->second != set) updates.push_back({set->set.service, set, item.read_at});
  }
  if (next.empty()) {
    given_.erase(item.service);
  } else {
    given = std::move(next);
  }
}

}  // namespace outrigger::op
