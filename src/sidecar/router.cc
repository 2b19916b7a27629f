#include "sidecar/router.h"

#include <algorithm>
#include <cmath>

#include "balance/weighted_choice.h"
#include "sidecar/http1_upstream.h"
#include "sidecar/http2_upstream.h"
#include "sidecar/upstream_pool.h"

namespace outrigger::sidecar {
namespace {

/// The part of the load that the cluster itself can carry; for a request that has tried all that is well there, none.
double capacity_for(Destination& cluster, Router::Tried tried) {
  if (!tried.empty() && !cluster.cluster.any_untried(tried)) return 0;
  return cluster.cluster.capacity(cluster.now());
}

}  // namespace

EndpointState::~EndpointState() {
  for (Http1Upstream* connection : idle) connection->retire();
  for (Http2Upstream* connection : shared) connection->retire();
}

void EndpointState::show(const balance::Backend& backend) {
  cells->standing.set(static_cast<std::int64_t>(backend.standing()));
  cells->counts_for.set(std::llround(backend.counts_for * 1e6));
  cells->latency_ns.set(backend.load.average().count());
}

void EndpointState::ejected(health::Reason reason) { cells->ejections[static_cast<std::size_t>(reason)].add(); }

EndpointState& state_of(balance::Backend& backend) { return static_cast<EndpointState&>(*backend.attachment); }

Destination::Destination(const model::ServicePort& name, balance::Random& random, net::EventLoop& event_loop)
    : service(name),
      loop(event_loop),
      waiting_room(event_loop),
      cluster(random),
      retry_budget(0, now_ms()),
      change_timer(event_loop, [this] { keep_up(); }) {}

void Destination::keep_up() {
  cluster.refresh(now());
  if (cells != nullptr) cells->panic.set(cluster.in_panic() ? 1 : 0);
  const auto due = cluster.next_change();
  if (due == change_due && (!due || change_timer.is_set())) return;
  change_due = due;
  change_timer.cancel();
  if (due) change_timer.set(*due - now());
}

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
  if (!slot) {
    slot = std::make_shared<Destination>(service, random_, loop_);
    slot->cluster.set_zone(zone_);
  }
  return slot;
}

std::shared_ptr<Destination> Router::destination_at(const std::string& address) const {
  const auto found = by_address_.find(address);
  return found == by_address_.end() ? nullptr : destinations_.at(found->second->service);
}

std::vector<model::ServicePort> Router::release(const std::vector<model::ServicePort>& services) {
  std::vector<model::ServicePort> held;
  for (const model::ServicePort& service : services) {
    const auto found = destinations_.find(service);
    if (found == destinations_.end()) continue;
    Destination* const destination = found->second.get();
    if (found->second.use_count() > 1 || destination->users > 0) {
      held.push_back(service);
    } else {
      std::erase_if(by_address_, [&](const auto& item) { return item.second == destination; });
    }
  }
  return held;
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
    by_address_[service.text()] = destination.get();
  }
  std::erase_if(destinations_, [&](const auto& item) {
    return item.second.use_count() == 1 && item.second->users == 0 && !table.contains(item.first);
  });
}

void Router::update(Destination& destination, const TableEntry& entry) {
  static const model::EndpointSet kNothing;
  const model::EndpointSet& set = entry.set ? entry.set->set : kNothing;
  const bool same_rules =
      destination.set && destination.set->set.rules == set.rules && destination.set->set.failover == set.failover;
  // Nothing known is no set of which endpoints could be new.
  const bool known = destination.set || entry.set;
  destination.set = entry.set;
  destination.metrics = entry.metrics;
  destination.cells = &entry.metrics->cells[worker_];
  if (known) destination.cluster.update(set.options, set.endpoints, destination.now());
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
    // One that returns has new cells and may still be busy.
    state.cells->in_flight.set(backends[i]->load.in_flight());
    state.show(*backends[i]);
  }
  if (!same_rules) update_rules(destination, set);
  destination.keep_up();
}

/// A destination's own cluster is not counted as a reference, or it would keep itself alive.
std::shared_ptr<Destination> Router::reference(Destination& from, const model::ServicePort& service) {
  if (service == from.service) return {std::shared_ptr<void>(), &from};
  return destination(service);
}

void Router::update_rules(Destination& destination, const model::EndpointSet& set) {
  destination.rules.clear();
  for (const model::Rule& rule : set.rules) {
    Destination::RuleClusters& added = destination.rules.emplace_back(rule.path_prefix, random_);
    for (const model::WeightedCluster& cluster : rule.clusters) {
      if (cluster.weight == 0) continue;
      added.clusters.push_back(reference(destination, cluster.cluster));
      added.weights.push_back(cluster.weight);
    }
    if (added.clusters.size() > 1) added.turns.update(added.weights);
  }
  destination.failover.clear();
  if (set.failover.empty()) destination.cluster.set_relieved(false);
  for (const model::ServicePort& service : set.failover)
    destination.failover.push_back(reference(destination, service));
}

Destination* Router::find(Destination& destination, std::string_view target, Tried tried) {
  if (destination.cells != nullptr) destination.cells->uses.add();
  const auto rule = std::find_if(destination.rules.begin(), destination.rules.end(), [&](const auto& candidate) {
    return candidate.path_prefix == "/" || target.starts_with(candidate.path_prefix);
  });
  if (rule == destination.rules.end() || rule->clusters.empty()) return nullptr;
  if (rule->clusters.size() == 1) return rule->clusters.front().get();
  Destination* const in_turn = rule->clusters[rule->turns.next()].get();
  if (can_serve(*in_turn, tried)) return in_turn;
  if (tried.empty() && in_turn->cluster.wants_trial(in_turn->now())) return in_turn;
  // By weight among the others, so that its share is divided as the rest is.
  Destination* drawn = in_turn;
  balance::WeightedChoice others(random_);
  for (std::size_t i = 0; i < rule->clusters.size(); ++i) {
    if (can_serve(*rule->clusters[i], tried) && others.takes(rule->weights[i])) drawn = rule->clusters[i].get();
  }
  return drawn;
}

bool Router::can_serve(Destination& cluster, Tried tried) {
  if (capacity_for(cluster, tried) > 0) return true;
  return std::any_of(cluster.failover.begin(), cluster.failover.end(),
                     [&](const auto& other) { return capacity_for(*other, tried) > 0; });
}

Destination& Router::carrier(Destination& first, Tried tried) {
  if (first.failover.empty()) return first;
  first.cluster.set_relieved(std::any_of(first.failover.begin(), first.failover.end(),
                                         [](const auto& other) { return other->cluster.capacity(other->now()) > 0; }));
  std::vector<double> capacities = {capacity_for(first, tried)};
  if (capacities[0] == 1) return first;
  for (const auto& other : first.failover) capacities.push_back(capacity_for(*other, tried));
  if (std::all_of(capacities.begin(), capacities.end(), [](double one) { return one == 0; })) return first;
  if (tried.empty() && first.cluster.wants_trial(first.now())) return first;
  const bool strict = first.cluster.options().failover_mode == model::FailoverMode::strict;
  const std::vector<double> shares = balance::tier_shares(capacities, strict);
  double drawn = random_.unit();
  std::size_t chosen = 0;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    if (shares[i] == 0) continue;
    chosen = i;
    drawn -= shares[i];
    if (drawn < 0) break;
  }
  if (chosen == 0) return first;
  first.keep_up();
  return *first.failover[chosen - 1];
}

void Router::set_probed(const model::ServicePort& service, const std::string& address, bool well) {
  const auto found = destinations_.find(service);
  if (found == destinations_.end()) return;
  Destination& destination = *found->second;
  for (balance::Backend* backend : destination.cluster.backends()) {
    if (backend->endpoint.address == address) destination.cluster.set_probed(*backend, well);
  }
  destination.keep_up();
}

void Router::set_zone(const std::string& zone) {
  zone_ = zone;
  for (const auto& [service, destination] : destinations_) {
    destination->cluster.set_zone(zone);
    destination->keep_up();
  }
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
