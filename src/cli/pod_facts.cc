#include "cli/pod_facts.h"
#include "kube/json_path.h"

#include <nlohmann/json.hpp>

#include "cli/installation.h"
#include "inject/pod_injection.h"

namespace outrigger::cli {
namespace {

using nlohmann::json;
using Labels = std::map<std::string, std::string>;

std::string label(const Labels& labels, const char* name) {
  const auto found = labels.find(name);
  return found == labels.end() ? "" : found->second;
}

void read_owner(const json& pod, const Labels& labels, PodFacts& facts) {
  for (const json* const owner : kube::items_at(pod, {"metadata", "ownerReferences"})) {
    if (!kube::flag_at(*owner, {"controller"})) continue;
    facts.owner_kind = kube::text_at(*owner, {"kind"});
    facts.owner_name = kube::text_at(*owner, {"name"});
  }
  // A Deployment names its ReplicaSets so.
  const std::string hash = label(labels, "pod-template-hash");
  if (facts.owner_kind == "ReplicaSet" && !hash.empty() && facts.owner_name.ends_with("-" + hash)) {
    facts.owner_kind = "Deployment";
    facts.owner_name.resize(facts.owner_name.size() - hash.size() - 1);
  }
}

void read_containers(const json& pod, PodFacts& facts) {
  for (const char* const list : {"initContainers", "containers"}) {
    for (const json* const container : kube::items_at(pod, {"spec", list})) {
      if (kube::text_at(*container, {"name"}) != inject::kSidecarName) continue;
      facts.has_sidecar = true;
      facts.sidecar_image = kube::text_at(*container, {"image"});
    }
  }
  for (const char* const list : {"initContainerStatuses", "containerStatuses"}) {
    for (const json* const status : kube::items_at(pod, {"status", list})) {
      const std::string name = kube::text_at(*status, {"name"});
      if (name == inject::kSidecarName) {
        facts.sidecar_ready = kube::flag_at(*status, {"ready"});
        facts.sidecar_restarts = kube::number_at(*status, {"restartCount"}, 0);
      } else if (name == inject::kInitName) {
        facts.init_message = kube::text_at(*status, {"state", "terminated", "message"});
      }
    }
  }
}

}  // namespace

PodFacts read_pod(const json& pod) {
  PodFacts facts;
  facts.key = {kube::text_at(pod, {"metadata", "namespace"}), kube::text_at(pod, {"metadata", "name"})};
  const Labels labels = kube::texts_at(pod, {"metadata", "labels"});
  facts.annotations = kube::texts_at(pod, {"metadata", "annotations"});
  facts.inject = label(labels, inject::kInjectLabel);
  facts.injected = label(labels, inject::kInjectedLabel) == "true";
  const bool deleted = kube::find(pod, {"metadata", "deletionTimestamp"}) != nullptr;
  facts.running = kube::text_at(pod, {"status", "phase"}) == "Running" && !deleted;
  facts.pending = kube::text_at(pod, {"status", "phase"}) == "Pending" && !deleted;
  const auto left_alone = inject::left_alone(pod, inject::Settings{}, inject::PodSecurity::open);
  facts.left_alone = left_alone && *left_alone && (*left_alone)->meant;
  read_owner(pod, labels, facts);
  read_containers(pod, facts);
  return facts;
}

bool injection_is_wanted(const PodFacts& pod, bool namespace_labelled) {
  return (namespace_labelled || pod.inject == "enabled") && !pod.left_alone;
}

std::string owner_text(const PodFacts& pod) {
  if (pod.owner_kind.empty()) return "Pod " + pod.key.text();
  return pod.owner_kind + " " + pod.key.ns + "/" + pod.owner_name;
}

std::string restart_remedy(const PodFacts& pod) {
  const std::string& kind = pod.owner_kind;
  const char* const resource = kind == "Deployment"    ? "deployment"
                               : kind == "StatefulSet" ? "statefulset"
                               : kind == "DaemonSet"   ? "daemonset"
                                                       : nullptr;
  if (resource != nullptr) {
    return "kubectl rollout restart " + std::string(resource) + "/" + pod.owner_name + " -n " + pod.key.ns;
  }
  if (kind.empty()) return "delete the pod and create it again: nothing else makes it anew";
  return "kubectl delete pod " + pod.key.name + " -n " + pod.key.ns + ": its " + kind + " makes it anew";
}

std::string image_tag(const std::string& image) {
  const std::string name = image.substr(0, image.find('@'));
  const std::size_t colon = name.rfind(':');
  const std::size_t slash = name.rfind('/');
  if (colon == std::string::npos || (slash != std::string::npos && colon < slash)) return "";
  return name.substr(colon + 1);
}

}  // namespace outrigger::cli
