#pragma once
/// What an installation is made of. Any thread.
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "cli/api_reader.h"

namespace outrigger::cli {

inline constexpr const char* kNamespace = "outrigger-system";
inline constexpr const char* kPodSecurityLabel = "pod-security.kubernetes.io/enforce";

/// The first with sidecar containers that are init containers, without a feature gate.
inline constexpr int kMinKubernetesMinor = 29;

/// Names of its objects; those that the chart gives to a release called outrigger, until others are known.
struct Installation {
  std::string ns;
  std::string operators = "outrigger-operator";  ///< Deployment, Service and Lease
  std::string identity_secret = "outrigger-identity";
  std::string webhooks = "outrigger-injector";    ///< MutatingWebhookConfiguration
  std::string injection = "outrigger-injection";  ///< ConfigMap
};

/// By the operator's Deployment, as the chart makes it: by its name, and by what it tells its program. Pure.
Installation installation_of(const nlohmann::json& deployment, const std::string& ns);

/// The one in `ns`; the usual names where no Deployment can be found, or several.
Installation find_installation(ApiReader& api, const std::string& ns);

/// Of the operator.
std::string deployment_path(const Installation& installation);

}  // namespace outrigger::cli
