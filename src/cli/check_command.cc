#include "cli/check_command.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <mutex>

#include "cli/install_checks.h"
#include "cli/operator_checks.h"
#include "cli/pod_lists.h"
#include "cli/pod_metrics.h"
#include "cli/workload_checks.h"
#include "inject/pod_injection.h"
#include "kube/lease.h"
#include "kube/secret.h"
#include "kube/webhook_configuration.h"

namespace outrigger::cli {
namespace {

using nlohmann::json;

/// Of all sidecars, how many are asked.
constexpr std::size_t kSample = 50;

void append(std::vector<Check>& checks, std::vector<Check> more) {
  for (Check& check : more) checks.push_back(std::move(check));
}

/// Of each pod, `read` of its metrics.
template <class Reading>
std::map<std::string, Answer<Reading>> ask(const kube::Config& config, const std::vector<model::ObjectKey>& pods,
                                           std::uint16_t port, Answer<Reading> (*read)(std::string_view)) {
  std::mutex mutex;
  std::map<std::string, Answer<Reading>> readings;
  fetch_pod_metrics(config, pods, port, [&](const model::ObjectKey& pod, const Answer<std::string>& metrics) {
    auto reading = metrics ? read(*metrics) : tl::unexpected(metrics.error());
    const std::lock_guard lock(mutex);
    readings.emplace(pod.text(), std::move(reading));
  });
  return readings;
}

std::vector<Check> look_before_install(ApiReader& api, const std::string& ns) {
  std::vector<Check> checks{check_namespace_exists(api.get("/api/v1/namespaces/" + ns), ns)};
  std::vector<Answer<json>> reviews;
  for (const Creation& creation : creations()) {
    reviews.push_back(
        api.create("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", access_review(creation, ns)));
  }
  checks.push_back(check_permissions(reviews, ns));
  const Installation installation = find_installation(api, ns);
  checks.push_back(check_other_installation(api.get(kube::webhook_configuration_path(installation.webhooks)),
                                            api.get(deployment_path(installation)), installation));
  return checks;
}

struct OperatorLook {
  std::vector<Check> checks;
  std::set<std::string> versions;
};

OperatorLook look_at_operator(ApiReader& api, const kube::Config& config, const std::string& ns, WallTime now) {
  OperatorLook look;
  const Installation installation = find_installation(api, ns);
  const auto deployment = api.get(deployment_path(installation));
  look.checks.push_back(check_deployment(deployment, installation));
  if (!deployment && deployment.error().why == Denial::Why::absent) return look;

  OperatorReadings readings;
  if (deployment) {
    if (const auto pods = operator_pods(api, *deployment, ns)) {
      readings = ask<OperatorReading>(config, *pods, kOperatorAdminPort, read_operator);
    } else {
      readings.emplace("", tl::unexpected(pods.error()));
    }
  } else {
    readings.emplace("", tl::unexpected(deployment.error()));
  }
  for (const auto& [pod, reading] : readings) {
    if (reading) look.versions.insert(reading->version);
  }
  const auto secret = api.get(kube::secret_path({ns, installation.identity_secret}));
  look.checks.push_back(check_versions(readings, OUTRIGGER_VERSION));
  look.checks.push_back(check_leader(api.get(kube::lease_path({ns, installation.operators})), installation, now));
  look.checks.push_back(check_secret(secret, installation));
  look.checks.push_back(check_certificates(readings, now));
  append(look.checks,
         check_webhooks(api.get(kube::webhook_configuration_path(installation.webhooks)), secret, installation, now));
  return look;
}

Check look_at_services(ApiReader& api) {
  ServiceChecks services;
  const auto done = api.each("/api/v1/services", "", [&](const json& service) { services.add(service); });
  return services.check(done ? std::nullopt : std::optional(done.error()));
}

/// Tells each pod that injection has to do with, once.
void read_pods(ApiReader& api, const std::vector<NamespaceFacts>& labelled, const std::string& operator_namespace,
               PodChecks& pods) {
  const auto list = [&](const std::string& path, const std::string& selector, const auto& on_pod) {
    const auto done = api.each(path, selector, on_pod);
    if (!done) pods.add(done.error());
  };
  std::set<std::string> done;
  for (const NamespaceFacts& ns : labelled) {
    done.insert(ns.name);
    list(pods_path(ns.name), "", [&](const json& pod) { pods.add(read_pod(pod), true); });
  }
  const auto add_others = [&](const json& object) {
    const PodFacts pod = read_pod(object);
    // In those that are left out, a label asks in vain.
    if (done.contains(pod.key.ns) || (!pod.has_sidecar && is_never_injected(pod.key.ns, operator_namespace))) return;
    pods.add(pod, false);
  };
  const std::string inject = inject::kInjectLabel;
  list(pods_path(""), label_selector(inject + "=enabled"), add_others);
  list(pods_path(""), label_selector(std::string(inject::kInjectedLabel) + "=true," + inject + "!=enabled"),
       add_others);
}

std::vector<Check> look_at_pods(ApiReader& api, const kube::Config& config, const std::string& ns,
                                const std::set<std::string>& operator_versions) {
  std::vector<NamespaceFacts> labelled;
  const auto namespaces = api.each("/api/v1/namespaces", "", [&](const json& object) {
    if (NamespaceFacts facts = read_namespace(object, ns); facts.labelled) labelled.push_back(std::move(facts));
  });
  PodChecks pods;
  if (!namespaces) pods.add(namespaces.error());
  read_pods(api, labelled, ns, pods);

  std::vector<Check> checks{namespaces ? check_pod_security(labelled)
                                       : skipped("injection", "pod-security", namespaces.error())};
  append(checks, pods.checks());
  if (!pods.injected().empty()) {
    const auto sample =
        ask<SidecarReading>(config, sample_of(pods.injected(), kSample), kSidecarAdminPort, read_sidecar);
    append(checks, check_sidecars(sample, pods.injected().size(), operator_versions));
  }
  return checks;
}

bool wants_colour() { return isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr; }

}  // namespace

Result<Output> run(const CheckCommand& command) {
  if (auto named = check_namespace("--namespace", command.ns); !named) return tl::unexpected(named.error());
  const auto config = find_cluster(command.cluster);
  if (!config) return tl::unexpected(config.error());
  ApiReader api(*config);
  const auto version = api.get("/version");
  if (!version && version.error().why != Denial::Why::forbidden) return failure(version.error().text);

  std::vector<Check> checks{version ? check_api_server(*version) : skipped("cluster", "api-server", version.error())};
  if (command.before_install) {
    append(checks, look_before_install(api, command.ns));
  } else {
    OperatorLook look = look_at_operator(api, *config, command.ns, std::chrono::system_clock::now());
    append(checks, std::move(look.checks));
    append(checks, look_at_pods(api, *config, command.ns, look.versions));
    checks.push_back(look_at_services(api));
  }
  std::ranges::stable_sort(checks, {}, [](const Check& check) { return place_of(check.group); });
  return Output{.text = command.output == "json" ? json_text(checks) : table_text(checks, wants_colour()),
                .status = any_failed(checks) ? kProblems : 0};
}

Command check_command(CLI::App& app) {
  auto command = std::make_shared<CheckCommand>();
  CLI::App& parser = *app.add_subcommand("check", "Whether Outrigger is well in a cluster, or can be installed there");
  parser.add_flag("--pre", command->before_install, "before it is installed: whether it can be");
  parser.add_option("-n,--namespace", command->ns, "where the operator is")->capture_default_str();
  add_cluster_options(parser, command->cluster);
  add_output_option(parser, command->output);
  parser.footer("Ends with 0 where nothing has failed, 2 where something has, 1 where it could not look.");
  return {&parser, [command] { return run(*command); }};
}

}  // namespace outrigger::cli
