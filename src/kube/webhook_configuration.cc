#include "kube/webhook_configuration.h"

#include <nlohmann/json.hpp>

#include "kube/base64.h"

namespace outrigger::kube {

std::string webhook_configuration_path(const std::string& name) {
  return "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/" + name;
}

Result<std::optional<std::string>> with_ca_bundle(const std::string& json, const std::string& bundle_pem) {
  constexpr const char* kNone = "the API server's answer is no MutatingWebhookConfiguration";
  nlohmann::json object = nlohmann::json::parse(json, nullptr, false);
  if (!object.is_object()) return failure(kNone);
  const auto webhooks = object.find("webhooks");
  if (webhooks == object.end()) return std::nullopt;
  if (!webhooks->is_array()) return failure(kNone);
  const nlohmann::json bundle = encode_base64(bundle_pem);
  bool differs = false;
  for (nlohmann::json& webhook : *webhooks) {
    if (!webhook.is_object() || !webhook.contains("clientConfig") || !webhook["clientConfig"].is_object()) {
      return failure(kNone);
    }
    nlohmann::json& current = webhook["clientConfig"]["caBundle"];
    differs = differs || current != bundle;
    current = bundle;
  }
  return differs ? std::optional(object.dump()) : std::nullopt;
}

}  // namespace outrigger::kube
