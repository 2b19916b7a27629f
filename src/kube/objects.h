#pragma once
/// Kubernetes objects as JSON → the model's values. Pure; any thread.
#include <chrono>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <variant>
#include <vector>

#include "model/merge_slices.h"
#include "result/result.h"

namespace outrigger::kube {

enum class Kind { service, endpoint_slice, endpoints, pod, node };
/// "Service", "EndpointSlice", "Endpoints", "Pod", "Node": the API's kind, also the metrics' label.
const char* kind_name(Kind kind);

/// The slices that one EndpointSlice (one) or one Endpoints object (one per subset) stands for.
struct SliceGroup {
  std::vector<model::EndpointSlice> slices;
  bool operator==(const SliceGroup&) const = default;
};
/// What counts of a pod; only metadata is needed.
struct PodInfo {
  model::ParsedPodAnnotations annotations;
  std::string uid;
  /// False: nothing of it matters to balancing, so nothing need be kept of it.
  bool annotated = false;
  bool operator==(const PodInfo&) const = default;
};
struct NodeInfo {
  std::string zone;  ///< label topology.kubernetes.io/zone, empty without
};
using Value = std::variant<model::Service, SliceGroup, PodInfo, NodeInfo>;

struct Object {
  Kind kind;
  model::ObjectKey key;  ///< ns empty for nodes
  Value value;
};

/// Reads one object (metadata alone suffices for pods and nodes). The error names kind, key, field, value and what is
/// allowed. A field of a wrong type is an error, an unknown one is ignored.
Result<Object> parse_object(Kind kind, const nlohmann::json& object);

/// The key alone, which even an object that cannot be read may have. The error names kind, field and value.
Result<model::ObjectKey> parse_key(Kind kind, const nlohmann::json& object);

/// What a source of objects tells its reader, in order.
struct Change {
  Kind kind;
  /// True: `objects` is all there are of this kind now; what was known and is not among them is gone.
  bool replace = false;
  std::vector<Object> objects;         ///< new or changed
  std::vector<model::ObjectKey> gone;  ///< deleted
  /// When the bytes that told it were read.
  std::chrono::steady_clock::time_point read_at;
  /// True, with `replace`: the objects as they were at the version that all changes before lead to. What differs was
  /// lost on its way.
  bool comparison = false;
};

}  // namespace outrigger::kube
