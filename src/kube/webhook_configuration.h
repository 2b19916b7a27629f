#pragma once
#include <optional>
#include <string>

#include "result/result.h"

namespace outrigger::kube {

std::string webhook_configuration_path(const std::string& name);

/// A MutatingWebhookConfiguration, as the API server answers, with `bundle_pem` as the caBundle of each of its
/// webhooks, for PUT (it carries the resourceVersion); none where it is so already. Any thread.
Result<std::optional<std::string>> with_ca_bundle(const std::string& json, const std::string& bundle_pem);

}  // namespace outrigger::kube
