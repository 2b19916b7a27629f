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

  /// Takes a new set; requires weights of 1–1000. An address given twice counts once, as given first. Backends whose
  /// address stays, or returns while requests are in flight, keep their state, object and attachment; a policy whose
  /// inputs (kind, addresses, weights, draining, tiers) are unchanged keeps its turn.
  void update(const model::ServiceOptions& options, std::span<const model::Endpoint> endpoints);

  /// The next endpoint, in-flight already counted; null when there is none. Endpoints that are not draining first, and
  /// of those the lowest tier; draining ones of any tier alike. `tried`: endpoints this request has failed on; they
  /// come again only when every endpoint of the set has been tried, the last of them only when there is no other.
  /// Compared as pointers only: a tried backend may have ended. Without `tried` as fast as the policy; with it
  /// O(endpoints · tried) at worst.
  Backend* pick(std::span<Backend* const> tried = {});

  /// The request is over. A backend out of the set with nothing in flight ends here.
  void finish(Backend& backend);

  const model::ServiceOptions& options() const { return options_; }
  /// In the set's order.
  std::span<Backend* const> backends() const { return in_set_; }

 private:
  void choose_preferred(model::PolicyKind kind);
  Backend* draw_untried(std::span<Backend* const> tried);
  void end_if_over(Backend& backend);

  model::ServiceOptions options_;
  std::unordered_map<std::string, std::unique_ptr<Backend>> by_address_;  ///< of the set, and leaving ones
  std::vector<Backend*> in_set_;
  std::vector<Backend*> preferred_;     ///< what policy_'s indices mean
  std::vector<std::uint32_t> weights_;  ///< what policy_ was built with
  std::unique_ptr<Policy> policy_;      ///< null when the set is empty
  Random& random_;
};

}  // namespace outrigger::balance
