#pragma once
/// One worker's view of one cluster: which endpoints there are, what is in flight on each, whose turn it is.
/// Owned by that worker; no lock, no sockets, no clock.
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "balance/policy.h"
#include "model/endpoint_set.h"

namespace outrigger::balance {

/// What a worker keeps with an endpoint (its connection pool, its metrics cells): ends with the Backend.
struct Attachment {
  virtual ~Attachment() = default;
};

/// An endpoint as this worker sees it. Lives while it is in the set or has requests in flight.
struct Backend {
  model::Endpoint endpoint;
  std::uint32_t in_flight = 0;
  /// False once the set no longer has it: it finishes what is in flight and is never picked.
  bool in_set = true;
  std::unique_ptr<Attachment> attachment;
};

class Cluster {
 public:
  /// `random` outlives the cluster.
  explicit Cluster(Random& random) : random_(random) {}

  /// Takes a new set. Backends whose address stays keep their state, object and attachment; a policy whose inputs
  /// (kind, addresses, weights, draining, tiers) are unchanged keeps its turn.
  void update(const model::ServiceOptions& options, std::span<const model::Endpoint> endpoints);

  /// The next endpoint, in-flight already counted; null when there is none. `tried`: endpoints this request has
  /// failed on; they come again only when nothing else is left. Endpoints that are not draining first, and of those the
  /// lowest tier.
  Backend* pick(std::span<Backend* const> tried = {});

  /// The request is over. A backend out of the set with nothing in flight ends here.
  void finish(Backend& backend);

  const model::ServiceOptions& options() const { return options_; }
  /// In the set's order.
  std::span<Backend* const> backends() const { return in_set_; }

 private:
  model::ServiceOptions options_;
  std::unordered_map<std::string, std::unique_ptr<Backend>> by_address_;  ///< of the set, and leaving ones
  std::vector<Backend*> in_set_;
  std::vector<Backend*> preferred_;  ///< what policy_'s indices mean
  std::unique_ptr<Policy> policy_;
  Random& random_;
};

}  // namespace outrigger::balance
