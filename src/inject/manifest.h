#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "inject/pod_injection.h"

namespace outrigger::inject {

/// What became of one object of a manifest.
struct InjectedObject {
  std::string name;  ///< "Deployment shop/web"
  /// None: it has a sidecar.
  std::optional<LeftAlone> left_alone;
  std::vector<std::string> warnings;
};

struct InjectedManifest {
  nlohmann::json object;                ///< as it is to be
  std::vector<InjectedObject> objects;  ///< those that run pods: one, none, or of a List several
};

/// A Pod, or whatever of Kubernetes' own has a pod template (Deployment, StatefulSet, DaemonSet, ReplicaSet,
/// ReplicationController, Job, CronJob), with a sidecar in its pods; a List of them; anything else as it is. `ns`:
/// where it goes if it does not say so itself. The error names the object and its field. Pure; any thread.
Result<InjectedManifest> inject_manifest(const nlohmann::json& object, const std::string& ns, const Settings& settings,
                                         const std::string& trust_bundle);

}  // namespace outrigger::inject
