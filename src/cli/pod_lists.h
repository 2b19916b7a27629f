#pragma once
#include <functional>
#include <string>

#include "cli/api_reader.h"
#include "cli/pod_facts.h"

namespace outrigger::cli {

/// "/api/v1/pods", or those of one namespace.
std::string pods_path(const std::string& ns);
/// A query's `labelSelector`, encoded.
std::string label_selector(const std::string& selector);

/// The pods that have been given a sidecar, in `ns` or, if that is empty, everywhere.
Answer<void> each_injected_pod(ApiReader& api, const std::string& ns,
                               const std::function<void(const PodFacts&)>& on_pod);

/// The running pods of the operator's Deployment, whose object is given.
Answer<std::vector<model::ObjectKey>> operator_pods(ApiReader& api, const nlohmann::json& deployment,
                                                    const std::string& ns);

}  // namespace outrigger::cli
