#include "cli/install_checks.h"
#include "kube/json_path.h"

#include <fmt/format.h>

#include "cli/installation.h"

namespace outrigger::cli {
namespace {

using nlohmann::json;

constexpr const char* kGroup = "installation";

std::string name_of(const Creation& creation) {
  return *creation.group == '\0' ? creation.resource : fmt::format("{}.{}", creation.resource, creation.group);
}

}  // namespace

const std::vector<Creation>& creations() {
  static const std::vector<Creation> kCreations = {
      {"rbac.authorization.k8s.io", "clusterroles", false},
      {"rbac.authorization.k8s.io", "clusterrolebindings", false},
      {"admissionregistration.k8s.io", "mutatingwebhookconfigurations", false},
      {"rbac.authorization.k8s.io", "roles", true},
      {"rbac.authorization.k8s.io", "rolebindings", true},
      {"apps", "deployments", true},
      {"policy", "poddisruptionbudgets", true},
      {"coordination.k8s.io", "leases", true},
      {"", "serviceaccounts", true},
      {"", "services", true},
      {"", "configmaps", true},
      {"", "secrets", true},
  };
  return kCreations;
}

json access_review(const Creation& creation, const std::string& ns) {
  json attributes = {{"group", creation.group}, {"resource", creation.resource}, {"verb", "create"}};
  if (creation.namespaced) attributes["namespace"] = ns;
  return {{"apiVersion", "authorization.k8s.io/v1"},
          {"kind", "SelfSubjectAccessReview"},
          {"spec", {{"resourceAttributes", std::move(attributes)}}}};
}

Check check_permissions(const std::vector<Answer<json>>& answers, const std::string& ns) {
  Check check{.group = kGroup, .name = "permissions"};
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const Creation& creation = creations().at(i);
    if (!answers[i]) return skipped(kGroup, "permissions", answers[i].error());
    if (kube::flag_at(*answers[i], {"status", "allowed"})) continue;
    check.verdict = Verdict::failed;
    add_finding(check, {.object = name_of(creation),
                        .detail = creation.namespaced ? "may not be created in " + ns : "may not be created",
                        .remedy = {}});
  }
  check.detail = check.verdict == Verdict::ok ? "all that the chart has may be created"
                                              : "this user may not create all that the chart has";
  if (check.verdict != Verdict::ok) check.remedy = "install as a user who may, such as one with cluster-admin";
  return check;
}

Check check_namespace_exists(const Answer<json>& object, const std::string& ns) {
  if (!object && object.error().why != Denial::Why::absent) return skipped(kGroup, "namespace", object.error());
  Check check{.group = kGroup, .name = "namespace", .detail = ns + " is there"};
  if (!object) check.detail = fmt::format("{} is not there yet: helm install --create-namespace makes it", ns);
  if (object && kube::text_at(*object, {"status", "phase"}) == "Terminating") {
    check.verdict = Verdict::failed;
    check.detail = ns + " is being deleted";
    check.remedy = "wait until it is gone";
  }
  return check;
}

Check check_other_installation(const Answer<json>& configuration, const Answer<json>& deployment,
                               const Installation& installation) {
  Check check{.group = kGroup, .name = "other-installation", .detail = "none"};
  if (configuration) {
    std::string owner;
    for (const json* const webhook : kube::items_at(*configuration, {"webhooks"})) {
      owner = kube::text_at(*webhook, {"clientConfig", "service", "namespace"});
    }
    check.verdict = Verdict::failed;
    check.detail = fmt::format("the MutatingWebhookConfiguration {} is there already, of the namespace {}",
                               installation.webhooks, owner.empty() ? "that it does not name" : owner);
    check.remedy = owner == installation.ns ? "it is installed here: helm upgrade, and `outrigger check` without --pre"
                                            : "a cluster has one installation: remove that one, or upgrade it";
    return check;
  }
  if (configuration.error().why != Denial::Why::absent) {
    return skipped(kGroup, "other-installation", configuration.error());
  }
  if (deployment) {
    check.verdict = Verdict::failed;
    check.detail = fmt::format("the Deployment {} is in {} already, without its webhooks", installation.operators,
                               installation.ns);
    check.remedy = "helm upgrade, or helm uninstall first";
  }
  return check;
}

}  // namespace outrigger::cli
