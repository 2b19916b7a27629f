#include "inject/containers.h"

#include <fmt/format.h>

#include "inject/pod_injection.h"
#include "inject/sidecar_config.h"

namespace outrigger::inject {
namespace {

using nlohmann::json;

constexpr int kTokenSeconds = 3'600;

void set_if_given(json& object, const char* key, const std::string& value) {
  if (!value.empty()) object[key] = value;
}

json resources_json(const Resources& resources) {
  json all = json::object();
  set_if_given(all["requests"], "cpu", resources.cpu_request);
  set_if_given(all["requests"], "memory", resources.memory_request);
  set_if_given(all["limits"], "cpu", resources.cpu_limit);
  set_if_given(all["limits"], "memory", resources.memory_limit);
  for (const char* kind : {"requests", "limits"}) {
    if (all[kind].is_null()) all.erase(kind);
  }
  return all;
}

/// Nothing but what Pod Security's "restricted" allows; for the init container `user` and one capability differ.
json security_context(std::uint32_t user) {
  return {{"runAsUser", user},
          {"runAsGroup", user},
          {"runAsNonRoot", user != 0},
          {"privileged", false},
          {"allowPrivilegeEscalation", false},
          {"readOnlyRootFilesystem", true},
          {"capabilities", {{"drop", {"ALL"}}}},
          {"seccompProfile", {{"type", "RuntimeDefault"}}}};
}

json probe(const char* path, int period_seconds, int failures) {
  return {{"httpGet", {{"path", path}, {"port", kAdminPort}, {"scheme", "HTTP"}}},
          {"periodSeconds", period_seconds},
          {"timeoutSeconds", 1},
          {"successThreshold", 1},
          {"failureThreshold", failures}};
}

json container(const char* name, const Settings& settings, const Resources& resources) {
  return {{"name", name},
          {"image", settings.image},
          {"imagePullPolicy", settings.image_pull_policy},
          {"resources", resources_json(resources)}};
}

}  // namespace

json init_container(const Settings& settings, const PodOptions& options) {
  json init = container(kInitName, settings, settings.resources);
  init["command"] = {"/usr/bin/outrigger-init"};
  init["args"] = {fmt::format("--redirect-to={}", kOutboundPort), fmt::format("--proxy-uid={}", settings.proxy_uid),
                  "--skip-ports=" + model::ports_text(options.skip_ports),
                  fmt::format("--report={}", kRedirectionReport)};
  init["volumeMounts"] = {{{"name", kStateVolume}, {"mountPath", kStateFolder}}};
  // Only root has a capability that it is given, unless the image's file says otherwise, which needs privilege
  // escalation.
  init["securityContext"] = security_context(0);
  init["securityContext"]["capabilities"]["add"] = {"NET_ADMIN"};
  return init;
}

json sidecar_container(const Settings& settings, const PodOptions& options) {
  json sidecar = container(kSidecarName, settings, options.resources);
  sidecar["restartPolicy"] = "Always";
  sidecar["command"] = {"/usr/bin/outrigger-sidecar"};
  sidecar["args"] = {fmt::format("--config={}/config.yaml", kConfigFolder), "--node=$(NODE_NAME)"};
  if (options.mode == Mode::transparent) sidecar["args"].push_back(fmt::format("--redirection={}", kRedirectionReport));
  sidecar["env"] = {{{"name", "NODE_NAME"}, {"valueFrom", {{"fieldRef", {{"fieldPath", "spec.nodeName"}}}}}}};
  sidecar["ports"] = {{{"name", "outrigger-admin"}, {"containerPort", kAdminPort}, {"protocol", "TCP"}}};
  // It is ready within 2 s whatever the operator does; what takes longer is a machine that is short of CPU.
  sidecar["startupProbe"] = probe("/ready", 1, 120);
  sidecar["readinessProbe"] = probe("/ready", 5, 3);
  sidecar["livenessProbe"] = probe("/live", 10, 3);
  sidecar["securityContext"] = security_context(settings.proxy_uid);
  sidecar["volumeMounts"] = {{{"name", kConfigVolume}, {"mountPath", kConfigFolder}, {"readOnly", true}},
                             {{"name", kStateVolume}, {"mountPath", kStateFolder}}};
  return sidecar;
}

json volumes(const Settings& settings) {
  const auto annotation = [](const char* name, const char* file) {
    return json{{"path", file}, {"fieldRef", {{"fieldPath", fmt::format("metadata.annotations['{}']", name)}}}};
  };
  const json own = {
      {"downwardAPI",
       {{"items", {annotation(kConfigAnnotation, "config.yaml"), annotation(kTrustBundleAnnotation, "ca.crt")}}}}};
  const json token = {
      {"serviceAccountToken",
       {{"path", "token"}, {"audience", settings.token_audience}, {"expirationSeconds", kTokenSeconds}}}};
  return {{{"name", kConfigVolume}, {"projected", {{"sources", {own, token}}}}},
          // In memory: with a pod's files on its disk the cluster autoscaler would not take a node away.
          {{"name", kStateVolume}, {"emptyDir", {{"medium", "Memory"}, {"sizeLimit", "32Mi"}}}}};
}

}  // namespace outrigger::inject
