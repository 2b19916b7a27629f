#pragma once
/// What an installation is made of, by the names that the chart gives.
#include <string_view>

namespace outrigger::cli {

inline constexpr const char* kNamespace = "outrigger-system";
inline constexpr const char* kOperator = "outrigger-operator";  ///< Deployment, Service and Lease
inline constexpr const char* kIdentitySecret = "outrigger-identity";
inline constexpr const char* kWebhookConfiguration = "outrigger-injector";

inline constexpr const char* kPodSecurityLabel = "pod-security.kubernetes.io/enforce";

/// The first with sidecar containers that are init containers, without a feature gate.
inline constexpr int kMinKubernetesMinor = 29;

}  // namespace outrigger::cli
