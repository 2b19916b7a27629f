#pragma once
/// One worker's view of one cluster: which endpoints there are, what is in flight on each, how they are, whose turn it
/// is. Owned by that worker; no lock, no sockets, no clock.
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "balance/backend.h"
#include "balance/level_shares.h"
#include "balance/policy.h"
#include "model/endpoint_set.h"

namespace outrigger::balance {

/// How a request ended, for the endpoint's health.
enum class Verdict : std::uint8_t {
  good,
  bad,            ///< a server error, a broken or missing answer
  not_connected,  ///< the endpoint took no connection
  unknown,        ///< nobody waited for it to end
};

/// A request under way at an endpoint, from Cluster::pick() until Cluster::finish().
struct Call {
  Backend* backend = nullptr;
  Time started{0};
  bool waits = false;    ///< nothing has come of an answer
  bool decides = false;  ///< whether its endpoint comes back
};

/// What ejections are limited by, of a cluster's endpoints that are not draining.
struct Census {
  std::uint64_t endpoints = 0;
  std::uint64_t ejected = 0;    ///< for their answers
  std::uint64_t available = 0;  ///< draining ones, too, since they serve when nothing else is left
};

class Cluster {
 public:
  /// `random` outlives the cluster.
  explicit Cluster(Random& random) : random_(random) {}

  /// Takes a new set; requires weights of 1–1000. An address given twice counts once, as given first. Backends whose
  /// address stays, or returns while requests are in flight, keep their state, object and attachment, unless another
  /// pod has come to have the address; the policy keeps its turns.
  void update(const model::ServiceOptions& options, std::span<const model::Endpoint> endpoints, Time now);
  /// Where this process runs; empty: unknown.
  void set_zone(const std::string& zone);
  /// Whether other Services carry what this one cannot: then it does not balance over what is not well.
  void set_relieved(bool relieved);
  /// What the health checks have found.
  void set_probed(Backend& backend, bool well);

  /// The next endpoint, in-flight already counted; none when there is none. The levels that carry the load, in their
  /// shares (balance/level_shares.h), and in each the policy's choice; tried endpoints come again only when every
  /// endpoint of the set has been tried, the last of them only when there is no other. As fast as the policy, but after
  /// a change O(n log n), and with `tried` O(endpoints · tried) at worst.
  Call pick(const Request& request);
  /// The first word of a good answer.
  void answered(Call& call, Time now);
  /// The request is over. A backend out of the set with nothing in flight ends here; returns it if it has not.
  Backend* finish(Call& call, Verdict verdict, Time now);
  /// It was not sent, and nothing is learned from it.
  void give_back(Call& call);

  /// The part of the load that it can carry, 0–1: what its available endpoints allow (kOverprovisioning), but no more
  /// than so far until the failback delay is over.
  double capacity(Time now);
  /// Whether an endpoint waits for the request that tells whether it comes back.
  bool wants_trial(Time now);
  /// Whether an endpoint is well that is not among these.
  bool any_untried(std::span<Backend* const> tried) const;
  /// Under half of the endpoints are well and nothing else carries the load: all are used that take connections.
  bool in_panic() const { return panic_; }

  const model::ServiceOptions& options() const { return options_; }
  /// In the set's order.
  std::span<Backend* const> backends() const { return in_set_; }
  /// The backend with that hash; null: none in the set. O(1).
  Backend* find(std::uint64_t hash) const;
  /// When something changes by itself, such as an ejection's end; none: nothing will.
  std::optional<Time> next_change() const;
  /// Brings it up to date with the time, as pick() does.
  void refresh(Time now);

 private:
  /// Endpoints that are used alike: of one tier, and where zones count, of this zone or of the others.
  struct Pool {
    std::uint32_t tier = 0;
    bool remote = false;
    bool draining = false;
    std::vector<Backend*> members;
    std::uint64_t total = 0;      ///< weight of the members
    std::uint64_t available = 0;  ///< of those that are well
    double share = 0;             ///< of the load
    bool panic = false;
    std::vector<Candidate> candidates;  ///< what the policy was told
    std::unique_ptr<Policy> policy;     ///< null where the share is 0

    std::tuple<bool, std::uint32_t, bool> key() const { return {draining, tier, remote}; }
  };

  const Census& census();
  /// There is something to refresh, and to count.
  void note_change();

  /// How the endpoints' zones count now: not at all, as preference, or as the only ones that are used.
  model::ZoneAware zone_rule() const;
  bool is_local(const model::Endpoint& endpoint) const;
  bool is_available(const Backend& backend) const;

  // refresh() in its steps, cluster_refresh.cc
  void pass_time(Time now);
  void judge_success_rates(Time now);
  void form_pools();
  void share_out(Time now);
  void divide_by_zone(std::span<Pool> tier, double share) const;
  void gather_trials();
  bool is_eligible(const Pool& pool, const Backend& backend) const;
  void update_policies();
  void change_by(Time when);

  Pool& choose_pool(const Request& request);
  Backend* take_trial(const Request& request);
  Backend* draw_untried(std::span<Backend* const> tried);
  void adopt(const model::ServiceOptions& options, Time now);
  Call begin(Backend& backend, Time now);
  /// Not from before another pod has come to have the address: of this one it says nothing.
  static bool is_of_this_pod(const Call& call);
  Moment moment(Time now) const { return {.now = now, .requests = requests_}; }
  void learn(Backend& backend, Verdict verdict, Time started, Time now);
  /// The mean of what answers of the available ones beside it are expected to take; 0: nothing is known of any.
  double expected_of_others(const Backend& backend, Time now) const;
  bool may_eject(const Backend& backend, bool to_connect);
  /// Whether there is anything else to go to.
  bool any_available_beside(const Backend& backend);
  void eject(Backend& backend, health::Reason reason, Time now);
  /// Whether it has ended.
  bool end_if_over(Backend& backend);

  Random& random_;
  model::ServiceOptions options_;
  std::string zone_;
  bool relieved_ = false;
  std::unordered_map<std::string, std::unique_ptr<Backend>> by_address_;  ///< of the set, and leaving ones
  std::vector<Backend*> in_set_;
  std::unordered_map<std::uint64_t, Backend*> by_hash_;  ///< the same
  std::vector<Pool> pools_;                              ///< by preference; the one of draining endpoints is last
  TierCapacities capacities_;
  std::optional<Census> census_;  ///< kept up to date over ejections, so that not each failure counts all endpoints
  std::vector<Backend*> trials_;  ///< that wait for the request that decides
  std::uint64_t in_flight_ = 0;
  std::uint64_t requests_ = 0;
  double typical_ns_ = 0;  ///< an average of what good answers take, whoever gives them
  double capacity_ = 0;
  bool known_ = false;  ///< there has been an endpoint before the last update
  bool panic_ = false;
  bool pools_changed_ = false;
  bool changed_ = false;
  Time window_end_{0};
  std::optional<Time> next_change_;
};

}  // namespace outrigger::balance
