#include "cli/pod_lists.h"
#include "kube/json_path.h"

#include "inject/pod_injection.h"
#include "kube/url_encoded.h"

namespace outrigger::cli {

std::string pods_path(const std::string& ns) {
  return ns.empty() ? "/api/v1/pods" : "/api/v1/namespaces/" + kube::url_encoded(ns) + "/pods";
}

std::string label_selector(const std::string& selector) { return "labelSelector=" + kube::url_encoded(selector); }

Answer<void> each_injected_pod(ApiReader& api, const std::string& ns,
                               const std::function<void(const PodFacts&)>& on_pod) {
  return api.each(pods_path(ns), label_selector(std::string(inject::kInjectedLabel) + "=true"),
                  [&](const nlohmann::json& pod) { on_pod(read_pod(pod)); });
}

Answer<std::vector<model::ObjectKey>> operator_pods(ApiReader& api, const nlohmann::json& deployment,
                                                    const std::string& ns) {
  std::string selector;
  for (const auto& [label, value] : kube::texts_at(deployment, {"spec", "selector", "matchLabels"})) {
    selector += (selector.empty() ? "" : ",") + label + "=" + value;
  }
  std::vector<model::ObjectKey> pods;
  if (selector.empty()) return pods;
  const auto done = api.each(pods_path(ns), label_selector(selector), [&](const nlohmann::json& object) {
    const PodFacts pod = read_pod(object);
    if (pod.running) pods.push_back(pod.key);
  });
  if (!done) return tl::unexpected(done.error());
  return pods;
}

}  // namespace outrigger::cli
