#include "cli/installation.h"
#include "kube/json_path.h"

#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "cli/pod_lists.h"
#include "kube/url_encoded.h"

namespace outrigger::cli {
namespace {

using nlohmann::json;

constexpr std::string_view kOperatorSuffix = "-operator";
constexpr std::string_view kSecretFlag = "--identity-secret=";

std::string deployments_path(const std::string& ns) {
  return "/apis/apps/v1/namespaces/" + kube::url_encoded(ns) + "/deployments";
}

}  // namespace

Installation installation_of(const json& deployment, const std::string& ns) {
  Installation found{.ns = ns};
  const std::string name = kube::text_at(deployment, {"metadata", "name"});
  if (!name.ends_with(kOperatorSuffix)) return found;
  const std::string release = name.substr(0, name.size() - kOperatorSuffix.size());
  found.operators = name;
  found.identity_secret = release + "-identity";
  found.webhooks = release + "-injector";
  found.injection = release + "-injection";
  for (const json* const container : kube::items_at(deployment, {"spec", "template", "spec", "containers"})) {
    for (const json* const argument : kube::items_at(*container, {"args"})) {
      const std::string text = argument->is_string() ? argument->get<std::string>() : "";
      if (text.starts_with(kSecretFlag)) found.identity_secret = text.substr(kSecretFlag.size());
    }
  }
  return found;
}

Installation find_installation(ApiReader& api, const std::string& ns) {
  const std::string labels = "app.kubernetes.io/part-of=outrigger,app.kubernetes.io/component=operator";
  std::vector<Installation> found;
  const auto done = api.each(deployments_path(ns), label_selector(labels),
                             [&](const json& deployment) { found.push_back(installation_of(deployment, ns)); });
  return done && found.size() == 1 ? found.front() : Installation{.ns = ns};
}

std::string deployment_path(const Installation& installation) {
  return deployments_path(installation.ns) + "/" + kube::url_encoded(installation.operators);
}

}  // namespace outrigger::cli
