#include <fmt/format.h>

#include "cli/installation.h"
#include "cli/operator_checks.h"
#include "identity/trust_bundle.h"
#include "kube/base64.h"
#include "kube/json_path.h"

namespace outrigger::cli {
namespace {

using nlohmann::json;

constexpr const char* kGroup = "injection";
constexpr const char* kAgain = "helm upgrade, which makes it as the chart has it";

std::string name_of(const json& webhook) { return "webhook " + kube::text_at(webhook, {"name"}); }

Result<identity::TrustBundle> bundle_of(const std::string& base64) {
  if (base64.empty()) return failure("is not set");
  const auto pem = kube::decode_base64(base64);
  if (!pem) return tl::unexpected(pem.error());
  return identity::TrustBundle::from_pem(*pem);
}

bool same(const identity::TrustBundle& one, const identity::TrustBundle& other) {
  const auto within = [](const identity::TrustBundle& inner, const identity::TrustBundle& outer) {
    for (const identity::Certificate& root : inner.roots()) {
      if (!outer.contains(root)) return false;
    }
    return true;
  };
  return within(one, other) && within(other, one);
}

Check check_target(const std::vector<const json*>& webhooks, const Installation& installation) {
  Check check{.group = kGroup, .name = "webhook", .detail = installation.webhooks};
  if (webhooks.empty()) {
    check.verdict = Verdict::failed;
    check.detail = installation.webhooks + " has no webhooks: no pod gets a sidecar";
    check.remedy = kAgain;
  }
  for (const json* const webhook : webhooks) {
    const std::string target = kube::text_at(*webhook, {"clientConfig", "service", "namespace"}) + "/" +
                               kube::text_at(*webhook, {"clientConfig", "service", "name"});
    const std::string wanted = installation.ns + "/" + installation.operators;
    if (target == wanted) continue;
    check.verdict = Verdict::failed;
    check.remedy = "name the operator's namespace with -n; if that is right, helm upgrade";
    add_finding(check, {.object = name_of(*webhook),
                        .detail = fmt::format("asks the Service {}, not {}", target, wanted),
                        .remedy = {}});
  }
  return check;
}

Check check_failure_policy(const std::vector<const json*>& webhooks) {
  Check check{
      .group = kGroup, .name = "failure-policy", .detail = "Ignore: without an operator, pods start without sidecars"};
  for (const json* const webhook : webhooks) {
    // What is not set is Fail.
    if (kube::text_at(*webhook, {"failurePolicy"}) == "Ignore") continue;
    check.verdict = Verdict::warning;
    check.detail = "while no operator answers, no pod can be created in the namespaces that are labelled";
    check.remedy = kAgain;
    add_finding(check, {.object = name_of(*webhook), .detail = "failurePolicy is not Ignore", .remedy = {}});
  }
  return check;
}

Check check_bundle(const std::vector<const json*>& webhooks, const Answer<json>& secret,
                   const Installation& installation, WallTime now) {
  Check check{.group = kGroup, .name = "webhook-ca"};
  check.remedy = "the operator that leads keeps it; its logs say what is in the way";
  const auto fail = [&](const json& webhook, std::string detail) {
    check.verdict = Verdict::failed;
    add_finding(check, {.object = name_of(webhook), .detail = std::move(detail), .remedy = {}});
  };
  std::optional<Result<identity::TrustBundle>> wanted;
  if (secret) wanted = bundle_of(kube::text_at(*secret, {"data", "ca.crt"}));
  std::optional<WallTime> last_end;
  for (const json* const webhook : webhooks) {
    const auto bundle = bundle_of(kube::text_at(*webhook, {"clientConfig", "caBundle"}));
    if (!bundle) {
      fail(*webhook, "caBundle: " + bundle.error().text);
      continue;
    }
    WallTime end{};
    for (const identity::Certificate& root : bundle->roots()) end = std::max(end, root.not_after());
    if (!last_end || end < *last_end) last_end = end;
    if (end <= now) {
      fail(*webhook, "caBundle: its last certificate ended on " + time_text(end));
    } else if (wanted && *wanted && !same(*bundle, **wanted)) {
      fail(*webhook,
           fmt::format("caBundle: is not what is in the Secret {} under ca.crt", installation.identity_secret));
    }
  }
  if (check.verdict != Verdict::ok) {
    check.detail = "the API server cannot trust the operator: pods start without sidecars";
    return check;
  }
  check.remedy.clear();
  if (last_end) check.detail = "ends on " + time_text(*last_end);
  check.detail += wanted && *wanted ? ", as in the Secret" : "; not compared with the Secret, which could not be read";
  return check;
}

}  // namespace

std::vector<Check> check_webhooks(const Answer<json>& configuration, const Answer<json>& secret,
                                  const Installation& installation, WallTime now) {
  if (!configuration && configuration.error().why != Denial::Why::absent) {
    return {skipped(kGroup, "webhook", configuration.error())};
  }
  if (!configuration) {
    return {{.group = kGroup,
             .name = "webhook",
             .verdict = Verdict::failed,
             .detail = fmt::format("there is no MutatingWebhookConfiguration {}: no pod gets a sidecar",
                                   installation.webhooks),
             .remedy = kAgain}};
  }
  const auto webhooks = kube::items_at(*configuration, {"webhooks"});
  std::vector<Check> checks{check_target(webhooks, installation)};
  if (!webhooks.empty()) {
    checks.push_back(check_bundle(webhooks, secret, installation, now));
    checks.push_back(check_failure_policy(webhooks));
  }
  return checks;
}

}  // namespace outrigger::cli
