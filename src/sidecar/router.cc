#include "sidecar/router.h"

#include "sidecar/http1_upstream.h"
#include "sidecar/http2_upstream.h"
#include "sidecar/upstream_pool.h"

namespace outrigger::sidecar {

EndpointState::~EndpointState() {
  for (Http1Upstream* connection : idle) connection->retire();
  for (Http2Upstream* connection : shared) connection->retire();
}

EndpointState& state_of(balance::Backend& backend) { return static_cast<EndpointState&>(*backend.attachment); }

bool Destination::speaks_http2(http::Version version) const {
  switch (cluster.options().protocol) {
    case model::Protocol::automatic:
    case model::Protocol::tcp: return version == http::Version::http2;
    case model::Protocol::http: return false;
    case model::Protocol::http2:
    case model::Protocol::grpc: return true;
  }
  CHECK(false);
}

std::shared_ptr<Destination> Router::destination(const model::ServicePort& service) {
  auto& slot = destinations_[service];
  if (!slot) slot = std::make_shared<Destination>(service, random_, loop_);
  return slot;
}

std::shared_ptr<Destination> Router::destination_at(const std::string& address) const {
  const auto found = by_address_.find(address);
  return found == by_address_.end() ? nullptr : destinations_.at(found->second->service);
}

void Router::apply(const RoutingTable& table) {
  for (const auto& [service, entry] : table) {
    Destination& destination = *this->destination(service);
    if (destination.set != entry.set || destination.metrics != entry.metrics) update(destination, entry);
  }
  for (auto& [service, destination] : destinations_) {
    if (destination->set && !table.contains(service)) {
      update(*destination, {.set = nullptr, .metrics = destination->metrics, .backends = {}});
    }
  }
  by_address_.clear();
  for (const auto& [service, destination] : destinations_) {
    if (!destination->set) continue;
    for (const std::string& address : destination->set->set.addresses) by_address_[address] = destination.get();
  }
  std::erase_if(destinations_, [&](const auto& item) {
    return item.second.use_count() == 1 && item.second->users == 0 && !table.contains(item.first);
  });
}

void Router::update(Destination& destination, const TableEntry& entry) {
  static const model::EndpointSet kNothing;
  const model::EndpointSet& set = entry.set ? entry.set->set : kNothing;
  const bool same_rules = destination.set && destination.set->set.rules == set.rules;
  destination.set = entry.set;
  destination.metrics = entry.metrics;
  destination.cells = &entry.metrics->cells[worker_];
  destination.cluster.update(set.options, set.endpoints);
  destination.retry_budget.set_percent(set.options.retry_budget_percent);
  const auto share = [workers = entry.metrics->cells.size()](std::uint32_t limit) {
    return static_cast<std::uint32_t>((limit + workers - 1) / workers);
  };
  destination.limits = {.in_flight = share(set.options.max_in_flight),
                        .connections = share(set.options.max_connections),
                        .pending = share(set.options.max_pending)};
  destination.waiting_room.place_is_free();

  const auto backends = destination.cluster.backends();
  CHECK(backends.size() == entry.backends.size());
  for (std::size_t i = 0; i < backends.size(); ++i) {
    if (!backends[i]->attachment) {
      auto state = std::make_unique<EndpointState>();
      auto address = net::SocketAddress::parse(backends[i]->endpoint.address);
      CHECK(address.has_value());
      state->address = *address;
      backends[i]->attachment = std::move(state);
    }
    EndpointState& state = state_of(*backends[i]);
    state.metrics = entry.backends[i];
    state.cells = &entry.backends[i]->cells[worker_];
    state.cells->in_flight.set(backends[i]->in_flight);  // one that returns has new cells and may still be busy
  }

  if (same_rules) return;
  destination.rules.clear();
  for (const model::Rule& rule : set.rules) {
    Destination::RuleClusters clusters{.path_prefix = rule.path_prefix, .clusters = {}, .split = nullptr};
    std::vector<std::uint32_t> weights;
    for (const model::WeightedCluster& cluster : rule.clusters) {
      if (cluster.weight == 0) continue;
      // A destination's own cluster is not counted as a reference, or it would keep itself alive.
      clusters.clusters.push_back(cluster.cluster == set.service
                                      ? std::shared_ptr<Destination>(std::shared_ptr<void>(), &destination)
                                      : this->destination(cluster.cluster));
      weights.push_back(cluster.weight);
    }
    if (weights.size() > 1) {
      clusters.split = balance::make_policy(model::PolicyKind::weighted_round_robin, weights, random_);
    }
    destination.rules.push_back(std::move(clusters));
  }
}

Destination* Router::find(Destination& destination, std::string_view target) {
  for (Destination::RuleClusters& rule : destination.rules) {
    if (!target.starts_with(rule.path_prefix) && rule.path_prefix != "/") continue;
    if (rule.clusters.empty()) return nullptr;
    return rule.clusters[rule.split ? rule.split->pick() : 0].get();
  }
  return nullptr;
}

bool Router::close_idle(std::chrono::steady_clock::time_point cutoff) {
  bool any_left = false;
  for (auto& [service, destination] : destinations_) {
    for (balance::Backend* backend : destination->cluster.backends()) {
      any_left = close_idle_of(*backend, cutoff) || any_left;
    }
  }
  return any_left;
}

}  // namespace outrigger::sidecar
