#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "kube/objects.h"
#include "model/endpoint_set.h"
#include "operator/annotation_problem.h"

namespace outrigger::op {

/// All objects the operator knows of, whatever the order in which their kinds were told. One owner, no lock. Keeps no
/// pod without an annotation of ours and no node without a zone.
class Inventory {
 public:
  using Touch = std::function<void(const model::ObjectKey& service)>;
  enum class ProblemIs { found, mended };
  using OnProblem = std::function<void(const AnnotationProblem&, ProblemIs)>;

  /// `on_problem` is told each bad annotation once as found, and once as mended when it, or its object, is no more.
  explicit Inventory(OnProblem on_problem) : on_problem_(std::move(on_problem)) {}

  /// Takes a change in and touches every Service whose sets it may have changed, perhaps more than once. Slices and
  /// Services cost O(1) per object; pods and nodes whose traits or zone changed cost one scan of all endpoints per
  /// change (2.3 ms for 20,000 endpoints, ASan build), so no index of pods need be kept.
  void apply(kube::Change change, const Touch& touch);

  /// The nodes whose zones have changed since the last call, with what they are now (empty: not known).
  std::map<std::string, std::string> take_changed_zones();

  /// How many objects of each kind that has been listed differed in comparisons, each then as the comparison had it.
  const std::map<kube::Kind, std::uint64_t>& repairs() const { return repairs_; }

  /// One set per TCP port as of now; none when there is no such Service.
  std::vector<model::EndpointSet> sets_of(const model::ObjectKey& service) const;

  std::size_t services() const { return services_.size(); }
  /// Bad annotations there are now, of Services and pods.
  std::size_t invalid_annotations() const { return invalid_annotations_; }

 private:
  struct KnownService {
    model::Service service;
    model::ParsedServiceAnnotations annotations;
  };
  /// Endpoints and EndpointSlices of one name are different objects.
  using GroupKey = std::pair<kube::Kind, model::ObjectKey>;
  struct GroupKeyHash {
    std::size_t operator()(const GroupKey& key) const {
      return std::hash<model::ObjectKey>{}(key.second) * 8 + static_cast<std::size_t>(key.first);
    }
  };
  /// Pods (namespace and name) or nodes ("" and name) whose endpoints look different now; the views live in the change.
  using Moved = std::set<std::pair<std::string_view, std::string_view>>;

  void add_missing_to_gone(kube::Change& change) const;
  /// Requires what is known and not in the change among `gone`.
  std::uint64_t differences(const kube::Change& change) const;
  bool knows(const kube::Object& object) const;
  void put(const model::ObjectKey& key, model::Service service, const Touch& touch);
  void put(const GroupKey& key, kube::SliceGroup group, const Touch& touch);
  bool put(const model::ObjectKey& key, kube::PodInfo pod);
  bool put(const model::ObjectKey& key, const kube::NodeInfo& node);
  void remove_service(const model::ObjectKey& key, const Touch& touch);
  void remove_group(const GroupKey& key, const Touch& touch);
  bool remove_pod(const model::ObjectKey& key);
  bool remove_node(const model::ObjectKey& key);
  void touch_users_of(kube::Kind kind, const Moved& moved, const Touch& touch) const;
  /// One object's bad annotations.
  struct Annotated {
    const std::string& uid;
    const std::vector<model::AnnotationError>& errors;
  };
  /// Null: there was none before, or is none now.
  void report(kube::Kind kind, const model::ObjectKey& key, const Annotated* before, const Annotated* now);

  OnProblem on_problem_;
  std::unordered_map<model::ObjectKey, KnownService> services_;
  std::unordered_map<GroupKey, kube::SliceGroup, GroupKeyHash> groups_;
  std::unordered_map<model::ObjectKey, std::set<GroupKey>> groups_of_;  ///< by Service; no entry is empty
  std::unordered_map<model::ObjectKey, kube::PodInfo> pods_;
  std::unordered_map<std::string, std::string> zones_;  ///< by node
  std::set<std::string> changed_zones_;                 ///< nodes
  std::size_t invalid_annotations_ = 0;
  std::map<kube::Kind, std::uint64_t> repairs_;
};

}  // namespace outrigger::op
