#pragma once
/// Whether pods have the sidecars that they should have, and Services the annotations. Values in, values out.
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/check_result.h"
#include "cli/pod_facts.h"
#include "cli/sidecar_reading.h"

namespace outrigger::cli {

/// Bad annotations, read as the operator reads them.
class ServiceChecks {
 public:
  void add(const nlohmann::json& service);
  Check check(const std::optional<Denial>& denial) const;

 private:
  std::size_t services_ = 0;
  Check check_{.group = "annotations", .name = "service-annotations"};
};

/// Namespaces that the webhook leaves out.
bool is_never_injected(const std::string& ns, const std::string& operator_namespace);

struct NamespaceFacts {
  std::string name;
  bool labelled = false;     ///< outrigger.dev/inject: enabled, and the webhook does not leave it out
  std::string pod_security;  ///< what is enforced; empty: nothing
};
NamespaceFacts read_namespace(const nlohmann::json& object, const std::string& operator_namespace);
/// Of those that are labelled, where no container may redirect a pod's traffic.
Check check_pod_security(const std::vector<NamespaceFacts>& labelled);

/// Pods, one after the other, in bounded memory but for the names of those that have a sidecar.
class PodChecks {
 public:
  /// Restarts of a sidecar from which on it is said.
  static constexpr std::int64_t kManyRestarts = 5;

  void add(const PodFacts& pod, bool namespace_labelled);
  /// Some could not be looked at.
  void add(const Denial& denial);

  std::vector<Check> checks() const;
  /// Running, with a sidecar.
  const std::vector<model::ObjectKey>& injected() const { return injected_; }

 private:
  struct Missed {
    std::size_t pods = 0;
    std::string remedy;
  };
  static constexpr std::size_t kMaxOwners = 1'000;

  void add_readiness(const PodFacts& pod);
  Check missed_pods() const;
  Check finished(Check check, const std::string& well) const;

  std::optional<Denial> denial_;
  std::size_t pods_ = 0;
  std::size_t missed_ = 0;
  std::map<std::string, Missed> missed_by_owner_;
  std::vector<model::ObjectKey> injected_;
  Check redirection_{.group = "injection", .name = "redirection"};
  Check ready_{.group = "sidecars", .name = "sidecars-ready"};
  Check annotations_{.group = "annotations", .name = "pod-annotations"};
};

/// At most `count`, from all over the list.
std::vector<model::ObjectKey> sample_of(const std::vector<model::ObjectKey>& pods, std::size_t count);

/// By pod, "NAMESPACE/NAME".
using SidecarReadings = std::map<std::string, Answer<SidecarReading>>;
/// Of a sample of all `sidecars`: whether they can be asked and are connected to the feed, and are of the operator's
/// versions (empty: not known).
std::vector<Check> check_sidecars(const SidecarReadings& sample, std::size_t sidecars,
                                  const std::set<std::string>& operator_versions);

}  // namespace outrigger::cli
