#pragma once
/// One worker's destinations and clusters. That worker's thread only.
#include <chrono>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "balance/cluster.h"
#include "http/message.h"
#include "net/socket.h"
#include "sidecar/routing_table.h"

namespace outrigger::sidecar {

class UpstreamConnection;

/// What a worker keeps with an endpoint: its socket address, its idle connections and its cells.
struct EndpointState final : balance::Attachment {
  ~EndpointState() override;

  net::SocketAddress address;
  std::vector<std::unique_ptr<UpstreamConnection>> idle;  ///< the one used last is at the back
  std::shared_ptr<BackendMetrics> metrics;
  BackendCells* cells = nullptr;  ///< this worker's, in `metrics`
};

/// The EndpointState of a backend.
EndpointState& state_of(balance::Backend& backend);

/// A destination, and the cluster of the same name.
struct Destination {
  explicit Destination(balance::Random& random) : cluster(random) {}

  struct RuleClusters {
    std::string path_prefix;
    std::vector<std::shared_ptr<Destination>> clusters;
    std::unique_ptr<balance::Policy> split;  ///< over `clusters` by weight; null when there is one
  };

  std::shared_ptr<const feed::FullSet> set;  ///< null: not known, or no such Service
  balance::Cluster cluster;
  std::vector<RuleClusters> rules;
  std::shared_ptr<ServiceMetrics> metrics;
  ServiceCells* cells = nullptr;  ///< this worker's; null until a table has named it
  std::uint32_t exchanges = 0;    ///< open ones: it must not end before them
};

class Router {
 public:
  Router(std::size_t worker, balance::Random& random) : worker_(worker), random_(random) {}

  /// Brings every destination up to date. What nobody refers to any more ends.
  void apply(const RoutingTable& table);

  /// The destination of that name, known or not yet: whoever listens for it keeps it.
  std::shared_ptr<Destination> destination(const model::ServicePort& service);

  /// The cluster for a request's target, by the first rule that matches; null when none does or nothing is known.
  static Destination* find(Destination& destination, std::string_view target);

  /// Closes connections that have been idle since before `cutoff`. Returns whether any idle ones are left.
  bool close_idle(std::chrono::steady_clock::time_point cutoff);

 private:
  void update(Destination& destination, const TableEntry& entry);

  std::size_t worker_;
  balance::Random& random_;
  std::unordered_map<model::ServicePort, std::shared_ptr<Destination>> destinations_;
};

}  // namespace outrigger::sidecar
