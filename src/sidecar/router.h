#pragma once
/// One worker's destinations and clusters. That worker's thread only.
#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "balance/cluster.h"
#include "balance/retry_budget.h"
#include "balance/weighted_turns.h"
#include "http/message.h"
#include "net/event_loop.h"
#include "net/socket.h"
#include "sidecar/routing_table.h"
#include "sidecar/waiting_room.h"

namespace outrigger::sidecar {

class Http1Upstream;
class Http2Upstream;

/// What a worker keeps with an endpoint: its socket address, its connections and its cells. Closes them in the end.
struct EndpointState final : balance::Attachment {
  ~EndpointState() override;
  void show(const balance::Backend& backend) override;
  void ejected(health::Reason reason) override;

  net::SocketAddress address;
  std::vector<Http1Upstream*> idle;    ///< the one used last is at the back
  std::vector<Http2Upstream*> shared;  ///< HTTP/2, idle or not
  std::shared_ptr<BackendMetrics> metrics;
  BackendCells* cells = nullptr;  ///< this worker's, in `metrics`
};

/// The EndpointState of a backend.
EndpointState& state_of(balance::Backend& backend);

/// A destination, and the cluster of the same name.
struct Destination {
  Destination(const model::ServicePort& name, balance::Random& random, net::EventLoop& event_loop);

  /// The clock of cluster and, in milliseconds, of retry_budget.
  balance::Time now() const { return loop.now().time_since_epoch(); }
  std::chrono::milliseconds now_ms() const { return std::chrono::duration_cast<std::chrono::milliseconds>(now()); }

  /// This worker's share of what the options allow a sidecar; 0: no limit, but for `pending`.
  struct Limits {
    std::uint32_t in_flight = 0;
    std::uint32_t connections = 0;
    std::uint32_t pending = 0;
  };
  /// A request has been answered with that.
  void count(std::uint16_t status) const {
    if (cells != nullptr) cells->codes[status - kFirstStatus].add();
  }
  bool has_place() const { return limits.in_flight == 0 || in_flight < limits.in_flight; }
  bool has_connection_place() const { return limits.connections == 0 || connections < limits.connections; }
  /// What the endpoints are spoken to in, for a request that has come in `version`.
  bool speaks_http2(http::Version version) const;

  struct RuleClusters {
    RuleClusters(const std::string& prefix, balance::Random& random) : path_prefix(prefix), turns(random) {}
    std::string path_prefix;
    std::vector<std::shared_ptr<Destination>> clusters;
    std::vector<std::uint32_t> weights;  ///< of `clusters`
    balance::WeightedTurns turns;        ///< over `clusters`, where there are several
  };

  /// What has changed by now is shown, and what will change by itself is waited for.
  void keep_up();

  model::ServicePort service;
  net::EventLoop& loop;
  std::shared_ptr<const feed::FullSet> set;  ///< null: not known, or no such Service
  std::uint32_t in_flight = 0;               ///< leases
  std::uint32_t connections = 0;             ///< to its endpoints
  std::uint32_t users = 0;                   ///< whoever holds a reference: it must not end before them
  WaitingRoom waiting_room;
  balance::Cluster cluster;  ///< behind the three before it: its connections give their places back when it ends
  std::vector<RuleClusters> rules;
  std::vector<std::shared_ptr<Destination>> failover;  ///< of the cluster, in order
  std::shared_ptr<ServiceMetrics> metrics;
  ServiceCells* cells = nullptr;  ///< this worker's; null until a table has named it
  Limits limits;
  balance::RetryBudget retry_budget;
  net::Timer change_timer;
  std::optional<balance::Time> change_due;  ///< what change_timer is set to
};

/// `held` is another destination from now on, which does not end before it is let go of; null: it was none.
inline void hold_instead(Destination*& held, Destination& other) {
  ++other.users;
  if (held != nullptr) --held->users;
  held = &other;
}

class Router {
 public:
  Router(std::size_t worker, balance::Random& random, net::EventLoop& loop)
      : worker_(worker), random_(random), loop_(loop) {}

  /// Brings every destination up to date. What nobody refers to any more ends.
  void apply(const RoutingTable& table);
  /// Where this sidecar runs; empty: unknown.
  void set_zone(const std::string& zone);

  /// What the health checks have found; nothing where there is no such endpoint.
  void set_probed(const model::ServicePort& service, const std::string& address, bool well);

  /// The destination of that name, known or not yet: whoever listens for it keeps it.
  std::shared_ptr<Destination> destination(const model::ServicePort& service);

  /// The one that is dialled there, "IP:PORT", or has that name, and of which a set is known; null when none is.
  std::shared_ptr<Destination> destination_at(const std::string& address) const;

  /// Of these, who is held by nobody else (connections, rules and failovers that lead there) has no address any more,
  /// until the next apply(), nor is found by its name. The others are returned.
  std::vector<model::ServicePort> release(const std::vector<model::ServicePort>& services);

  using Tried = std::span<balance::Backend* const>;

  /// The cluster for a request's target, by the first rule that matches; null when none does or nothing is known. Of
  /// several that of their turn, passing over those that cannot serve, if others can, but for the request that tells
  /// whether an endpoint of theirs comes back.
  Destination* find(Destination& destination, std::string_view target, Tried tried = {});
  /// Whether an endpoint of it, or of what it fails over to, is well and not among `tried`.
  static bool can_serve(Destination& cluster, Tried tried = {});
  /// Who carries the next request to that cluster: itself, or what it fails over to; who can serve, if any can.
  Destination& carrier(Destination& cluster, Tried tried = {});

  /// Closes connections that have been idle since before `cutoff`. Returns whether any idle ones are left.
  bool close_idle(std::chrono::steady_clock::time_point cutoff);

 private:
  void update(Destination& destination, const TableEntry& entry);
  void update_rules(Destination& destination, const model::EndpointSet& set);
  std::shared_ptr<Destination> reference(Destination& from, const model::ServicePort& service);

  std::size_t worker_;
  std::string zone_;
  balance::Random& random_;
  net::EventLoop& loop_;
  std::unordered_map<model::ServicePort, std::shared_ptr<Destination>> destinations_;
  std::unordered_map<std::string, Destination*> by_address_;  ///< values of destinations_
};

}  // namespace outrigger::sidecar
