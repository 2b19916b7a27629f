#pragma once
/// A pod → the pod with its sidecar. Pure; any thread.
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "inject/settings.h"
#include "result/result.h"

namespace outrigger::inject {

inline constexpr const char* kInitName = "outrigger-init";
inline constexpr const char* kSidecarName = "outrigger-sidecar";
inline constexpr const char* kInjectedLabel = "outrigger.dev/injected";  ///< "true" on a pod with a sidecar
inline constexpr const char* kInjectLabel = "outrigger.dev/inject";      ///< "enabled" or "disabled"
/// Ports of a sidecar in its pod.
inline constexpr int kAdminPort = 4191;
inline constexpr int kOutboundPort = 15'001;
inline constexpr int kByHostPort = 4140;

/// Whether the pod's namespace enforces a Pod Security Standard, all of which but "privileged" refuse NET_ADMIN.
enum class PodSecurity : std::uint8_t { open, enforced };

/// Why a pod stays without a sidecar.
struct LeftAlone {
  std::string reason;
  bool meant = true;  ///< false: its owner would want to know
};

struct Injection {
  nlohmann::json pod;                   ///< as it is to be; as it was where it is left alone
  std::optional<LeftAlone> left_alone;  ///< none: it has a sidecar
  std::vector<std::string> warnings;    ///< for whoever makes the pod, a line each
};

/// `pod`: a Pod, or a pod template: of it `metadata` and `spec` count. `ns`: where it is to run. `trust_bundle`: PEM,
/// the roots of the operator's certificate. A pod that has a sidecar already gets it anew, so that the outcome is the
/// same however often it comes by, and the sidecar comes first whatever others have put in front meanwhile. The error
/// names the field that is not what Kubernetes has there.
Result<Injection> inject(const nlohmann::json& pod, const std::string& ns, const Settings& settings,
                         const std::string& trust_bundle, PodSecurity security);

/// Whether inject() has been there. False for what is no pod.
bool has_sidecar(const nlohmann::json& pod);

/// Why `inject` would leave a pod alone; none: it would not.
Result<std::optional<LeftAlone>> left_alone(const nlohmann::json& pod, const Settings& settings, PodSecurity security);

/// A JSON patch (RFC 6902) that makes of `before` what inject() has made of it; empty array: as it is.
nlohmann::json patch_between(const nlohmann::json& before, const nlohmann::json& after);

}  // namespace outrigger::inject
