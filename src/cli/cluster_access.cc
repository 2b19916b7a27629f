#include "cli/cluster_access.h"

#include <cstdlib>
#include <filesystem>

#include "model/names.h"
#include "model/value_text.h"

namespace outrigger::cli {
namespace {

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Result<kube::Config> load(const ClusterOptions& options) {
  if (!options.kubeconfig.empty()) return kube::load_kubeconfig(options.kubeconfig, options.context);
  if (const std::string path = variable("KUBECONFIG"); !path.empty()) {
    if (path.find(':') != std::string::npos) {
      return failure("KUBECONFIG: " +
                     model::not_allowed(path, "one file; `kubectl config view --flatten` joins several"));
    }
    return kube::load_kubeconfig(path, options.context);
  }
  const std::string home = variable("HOME");
  const std::string usual = home + "/.kube/config";
  std::error_code ignored;
  if (!home.empty() && std::filesystem::exists(usual, ignored)) return kube::load_kubeconfig(usual, options.context);
  if (!options.context.empty()) return failure("--context: there is no kubeconfig; name one with --kubeconfig");
  auto config = kube::in_cluster_config();
  if (config) return config;
  return failure("no cluster: KUBECONFIG is not set, " + usual + " is not there, and this is no pod (" +
                 config.error().text + ")");
}

}  // namespace

void add_cluster_options(CLI::App& parser, ClusterOptions& options) {
  parser
      .add_option("--kubeconfig", options.kubeconfig,
                  "absent: $KUBECONFIG, else ~/.kube/config, else the pod's own account")
      ->type_name("FILE");
  parser.add_option("--context", options.context, "of the kubeconfig; absent: the current one");
}

Result<kube::Config> find_cluster(const ClusterOptions& options) {
  auto config = load(options);
  if (config) config->user_agent = "outrigger/" OUTRIGGER_VERSION;
  return config;
}

void add_output_option(CLI::App& parser, std::string& output) {
  parser.add_option("-o,--output", output, "how it is printed; json stays as it is from version to version")
      ->check(CLI::IsMember({"table", "json"}))
      ->capture_default_str();
}

Result<void> check_namespace(const std::string& option, const std::string& ns) {
  if (model::is_dns_label(ns)) return {};
  return failure(option + ": " + model::not_allowed(ns, std::string(model::kDnsLabelAllowed)));
}

}  // namespace outrigger::cli
