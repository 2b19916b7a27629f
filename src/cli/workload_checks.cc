#include "cli/workload_checks.h"
#include "kube/json_path.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "cli/installation.h"
#include "inject/pod_injection.h"
#include "inject/pod_options.h"

namespace outrigger::cli {
namespace {

using nlohmann::json;

constexpr std::array kNeverInjected = {"kube-system", "kube-node-lease"};

void add_error(Check& check, const std::string& object, const std::string& error) {
  check.verdict = Verdict::failed;
  add_finding(check, {.object = object, .detail = error, .remedy = {}});
}

void add_errors(Check& check, const std::string& object, const std::vector<model::AnnotationError>& errors) {
  for (const model::AnnotationError& error : errors) add_error(check, object, error.text());
}

}  // namespace

void ServiceChecks::add(const json& service) {
  ++services_;
  const model::ObjectKey key{kube::text_at(service, {"metadata", "namespace"}),
                             kube::text_at(service, {"metadata", "name"})};
  const auto annotations = kube::texts_at(service, {"metadata", "annotations"});
  add_errors(check_, "Service " + key.text(), model::parse_service_annotations(key, annotations).errors);
}

Check ServiceChecks::check(const std::optional<Denial>& denial) const {
  if (denial && services_ == 0) return skipped(check_.group, check_.name, *denial);
  Check check = check_;
  check.detail = count_text(services_, "Service") + " looked at";
  if (check.verdict != Verdict::ok) {
    check.detail =
        count_text(findings_of(check), "bad annotation") + ", each with its option's default instead; " + check.detail;
    check.remedy = "kubectl annotate --overwrite service/NAME -n NAMESPACE KEY=VALUE, or KEY- to remove it";
  }
  if (denial) check.detail += "; the others not: " + denial->text;
  return check;
}

bool is_never_injected(const std::string& ns, const std::string& operator_namespace) {
  return ns == operator_namespace || std::ranges::find(kNeverInjected, ns) != kNeverInjected.end();
}

NamespaceFacts read_namespace(const json& object, const std::string& operator_namespace) {
  const auto labels = kube::texts_at(object, {"metadata", "labels"});
  const auto label = [&](const char* name) {
    const auto found = labels.find(name);
    return found == labels.end() ? "" : found->second;
  };
  NamespaceFacts facts{.name = kube::text_at(object, {"metadata", "name"}), .pod_security = label(kPodSecurityLabel)};
  facts.labelled = label(inject::kInjectLabel) == "enabled" && !is_never_injected(facts.name, operator_namespace);
  return facts;
}

Check check_pod_security(const std::vector<NamespaceFacts>& labelled) {
  Check check{.group = "injection", .name = "pod-security"};
  for (const NamespaceFacts& ns : labelled) {
    if (ns.pod_security != "baseline" && ns.pod_security != "restricted") continue;
    check.verdict = Verdict::warning;
    add_finding(check, {.object = "Namespace " + ns.name, .detail = "enforces " + ns.pod_security, .remedy = {}});
  }
  check.detail = count_text(labelled.size(), "labelled namespace");
  if (check.verdict == Verdict::ok) return check;
  check.detail = "NET_ADMIN is refused: pods get no sidecar but in explicit mode";
  check.remedy =
      "annotate pods with outrigger.dev/mode: explicit (docs/injection.md), or label the namespace "
      "pod-security.kubernetes.io/enforce=privileged";
  return check;
}

void PodChecks::add(const Denial& denial) {
  if (!denial_) denial_ = denial;
}

void PodChecks::add(const PodFacts& pod, bool namespace_labelled) {
  ++pods_;
  const std::string object = "Pod " + pod.key.text();
  add_errors(annotations_, object, model::parse_pod_annotations(pod.annotations).errors);
  for (const std::string& error : inject::parse_pod_options(pod.annotations, inject::Settings{}).errors) {
    add_error(annotations_, object, error);
  }
  // A pod whose sidecar does not come up does not start.
  if (pod.pending && pod.has_sidecar && pod.sidecar_restarts >= kManyRestarts) add_readiness(pod);
  if (!pod.running) return;
  if (!pod.has_sidecar) {
    if (!injection_is_wanted(pod, namespace_labelled)) return;
    ++missed_;
    const std::string owner = owner_text(pod);
    if (missed_by_owner_.size() >= kMaxOwners && !missed_by_owner_.contains(owner)) return;
    Missed& missed = missed_by_owner_[owner];
    ++missed.pods;
    missed.remedy = restart_remedy(pod);
    return;
  }
  injected_.push_back(pod.key);
  if (pod.init_message.find("not redirected") != std::string::npos) {
    redirection_.verdict = Verdict::failed;
    add_finding(redirection_, {.object = object, .detail = pod.init_message, .remedy = {}});
  }
  add_readiness(pod);
}

void PodChecks::add_readiness(const PodFacts& pod) {
  const bool restarts_a_lot = pod.sidecar_restarts >= kManyRestarts;
  if (pod.sidecar_ready && !restarts_a_lot) return;
  if (!pod.sidecar_ready) {
    ready_.verdict = Verdict::failed;
  } else if (ready_.verdict == Verdict::ok) {
    ready_.verdict = Verdict::warning;
  }
  const auto restarts = static_cast<std::size_t>(std::max<std::int64_t>(pod.sidecar_restarts, 0));
  add_finding(ready_, {.object = "Pod " + pod.key.text(),
                       .detail = fmt::format("{}, {}", pod.sidecar_ready ? "ready" : "not ready",
                                             count_text(restarts, "restart")),
                       .remedy = fmt::format("kubectl logs {} -n {} -c {}{}", pod.key.name, pod.key.ns,
                                             inject::kSidecarName, restarts_a_lot ? " --previous" : "")});
}

Check PodChecks::missed_pods() const {
  Check check{.group = "injection", .name = "missed-pods"};
  for (const auto& [owner, missed] : missed_by_owner_) {
    check.verdict = Verdict::failed;
    add_finding(
        check,
        {.object = owner, .detail = count_text(missed.pods, "pod") + " without a sidecar", .remedy = missed.remedy});
  }
  if (missed_ == 0) return check;
  check.detail = fmt::format(
      "{} should have a sidecar and {} none: created before the namespace was labelled, or "
      "while no operator answered",
      count_text(missed_, "running pod"), missed_ == 1 ? "has" : "have");
  return check;
}

Check PodChecks::finished(Check check, const std::string& well) const {
  if (check.detail.empty()) {
    check.detail = check.verdict == Verdict::ok ? well : count_text(findings_of(check), "finding");
  }
  if (denial_) check.detail += "; some pods could not be looked at: " + denial_->text;
  return check;
}

std::vector<Check> PodChecks::checks() const {
  std::vector<Check> checks;
  const std::string sidecars = count_text(injected_.size(), "pod") + " with a sidecar";
  const std::string looked_at = count_text(pods_, "pod") + " looked at";
  for (Check check : {missed_pods(), redirection_, ready_, annotations_}) {
    if (denial_ && pods_ == 0) {
      checks.push_back(skipped(check.group, check.name, *denial_));
      continue;
    }
    const bool of_annotations = check.group == annotations_.group;
    checks.push_back(finished(std::move(check), of_annotations ? looked_at : sidecars));
  }
  return checks;
}

std::vector<model::ObjectKey> sample_of(const std::vector<model::ObjectKey>& pods, std::size_t count) {
  if (pods.size() <= count) return pods;
  std::vector<model::ObjectKey> sample;
  for (std::size_t i = 0; i < count; ++i) sample.push_back(pods[i * pods.size() / count]);
  return sample;
}

namespace {

Check check_feed(const SidecarReadings& sample, std::size_t asked) {
  Check check{.group = "sidecars", .name = "feed"};
  std::size_t disconnected = 0;
  for (const auto& [pod, reading] : sample) {
    if (reading && reading->feed_connected != false) continue;
    check.verdict = Verdict::failed;
    if (reading) ++disconnected;
    add_finding(check, {.object = "Pod " + pod,
                        .detail = reading ? "not connected to the operator: it goes on with what it last knew"
                                          : "cannot be asked: " + reading.error().text,
                        .remedy = {}});
  }
  check.detail = fmt::format("{} of {} asked answer", asked, sample.size());
  if (check.verdict == Verdict::ok) return check;
  check.remedy =
      disconnected > 0
          ? fmt::format(
                "kubectl logs POD -c {} says why; NetworkPolicies must let pods reach the operator's Service, port "
                "8443",
                inject::kSidecarName)
          : fmt::format("NetworkPolicies must let the API server reach pods on port 4191; kubectl logs POD -c {}",
                        inject::kSidecarName);
  return check;
}

}  // namespace

std::vector<Check> check_sidecars(const SidecarReadings& sample, std::size_t sidecars,
                                  const std::set<std::string>& operator_versions) {
  std::size_t answered = 0;
  std::optional<Denial> denial;
  for (const auto& [pod, reading] : sample) {
    if (reading) ++answered;
    if (!reading && reading.error().why == Denial::Why::forbidden) denial = reading.error();
  }
  if (denial && answered == 0) {
    return {skipped("sidecars", "feed", *denial), skipped("sidecars", "sidecar-versions", *denial)};
  }
  const std::string looked_at = fmt::format("; {} of {} looked at", sample.size(), count_text(sidecars, "sidecar"));
  Check feed = check_feed(sample, answered);
  feed.detail += looked_at;

  Check versions{.group = "sidecars", .name = "sidecar-versions"};
  std::map<std::string, std::size_t> counts;
  for (const auto& [pod, reading] : sample) {
    if (!reading) continue;
    if (counts.size() < kMaxFindings || counts.contains(reading->version)) ++counts[reading->version];
    if (operator_versions.empty() || operator_versions.contains(reading->version)) continue;
    versions.verdict = Verdict::warning;
    versions.remedy = "restart them when it suits: kubectl rollout restart, of what the pods belong to";
    add_finding(versions, {.object = "Pod " + pod, .detail = "is of version " + reading->version, .remedy = {}});
  }
  for (const auto& [version, count] : counts) {
    versions.detail += fmt::format("{}{} of {}", versions.detail.empty() ? "" : ", ", count, version);
  }
  if (versions.verdict != Verdict::ok)
    versions.detail += fmt::format("; the operator is of {}", *operator_versions.begin());
  versions.detail += versions.detail.empty() ? looked_at.substr(2) : looked_at;
  return {std::move(feed), std::move(versions)};
}

}  // namespace outrigger::cli
