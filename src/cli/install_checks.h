#pragma once
/// Whether the chart can be installed. Values in, values out.
#include <string>
#include <vector>

#include "cli/check_result.h"
#include "cli/installation.h"

namespace outrigger::cli {

/// What the chart creates, one kind.
struct Creation {
  const char* group;  ///< of the API; empty: the core
  const char* resource;
  bool namespaced;
};
const std::vector<Creation>& creations();

/// The SelfSubjectAccessReview that asks whether the user may create it.
nlohmann::json access_review(const Creation& creation, const std::string& ns);
/// `answers[i]`: of the review of creations()[i].
Check check_permissions(const std::vector<Answer<nlohmann::json>>& answers, const std::string& ns);

/// `object`: the Namespace.
Check check_namespace_exists(const Answer<nlohmann::json>& object, const std::string& ns);

/// The MutatingWebhookConfiguration, of which a cluster is to have one, and the Deployment.
Check check_other_installation(const Answer<nlohmann::json>& configuration, const Answer<nlohmann::json>& deployment,
                               const Installation& installation);

}  // namespace outrigger::cli
