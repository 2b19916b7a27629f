#include "cli/status_command.h"

#include <memory>
#include <mutex>

#include "cli/pod_lists.h"
#include "cli/pod_metrics.h"
#include "cli/status_report.h"

namespace outrigger::cli {
namespace {

Result<std::optional<ServiceQuery>> query_of(const StatusCommand& command, const kube::Config& config) {
  if (command.service.empty()) return std::nullopt;
  std::string ns = command.ns;
  if (ns.empty()) ns = config.context_namespace.empty() ? "default" : config.context_namespace;
  if (auto named = check_namespace("--namespace", ns); !named) return tl::unexpected(named.error());
  auto query = ServiceQuery::parse(command.service, ns);
  if (!query) return failure("SERVICE: " + query.error().text);
  return *std::move(query);
}

}  // namespace

Result<Output> run(const StatusCommand& command) {
  if (!command.pod_namespace.empty()) {
    if (auto named = check_namespace("--pod-namespace", command.pod_namespace); !named) {
      return tl::unexpected(named.error());
    }
  }
  const auto config = find_cluster(command.cluster);
  if (!config) return tl::unexpected(config.error());
  auto query = query_of(command, *config);
  if (!query) return tl::unexpected(query.error());

  ApiReader api(*config);
  std::vector<model::ObjectKey> pods;
  const auto listed = each_injected_pod(api, command.pod_namespace, [&](const PodFacts& pod) {
    if (pod.running) pods.push_back(pod.key);
  });
  if (!listed) return failure(listed.error().text);

  StatusReport report{.query = *query, .injected = pods.size()};
  StatusCollector collector(*query);
  std::mutex mutex;
  fetch_pod_metrics(*config, pods, kSidecarAdminPort,
                    [&](const model::ObjectKey& pod, const Answer<std::string>& metrics) {
                      const auto reading = metrics ? read_sidecar(*metrics) : tl::unexpected(metrics.error());
                      const std::lock_guard lock(mutex);
                      if (reading) {
                        collector.add(*reading);
                      } else {
                        report.unread.emplace(pod.text(), reading.error().text);
                      }
                    });
  report.read = collector.sidecars();
  report.services = collector.services();
  report.truncated = collector.truncated();
  return Output{.text = command.output == "json" ? json_text(report) : table_text(report),
                .complaints = complaints_text(report),
                .status = status_of(report)};
}

Command status_command(CLI::App& app) {
  auto command = std::make_shared<StatusCommand>();
  CLI::App& parser = *app.add_subcommand("status", "Services and their backends, as the sidecars see them now");
  parser.add_option("SERVICE", command->service,
                    "NAME, NAMESPACE/NAME, either with :PORT; absent: all Services, without their backends");
  parser.add_option("-n,--namespace", command->ns,
                    "of SERVICE, where that names none; absent: the context's, or default");
  parser.add_option("--pod-namespace", command->pod_namespace, "whose pods' sidecars are asked; absent: all");
  add_cluster_options(parser, command->cluster);
  add_output_option(parser, command->output);
  parser.footer(
      "Ends with 0 where all is well, 2 where no sidecar uses SERVICE or it has no ready backend, 1 where nothing "
      "could "
      "be asked.");
  return {&parser, [command] { return run(*command); }};
}

}  // namespace outrigger::cli
