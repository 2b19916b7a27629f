#include "kube/kubeconfig_exec.h"

#include <nlohmann/json.hpp>

#include "kube/base64.h"

namespace outrigger::kube {
namespace {

Result<ExecPlugin::Interactive> read_interactive(const Section& exec) {
  const auto mode = exec.text("interactiveMode");
  if (!mode) return tl::unexpected(mode.error());
  if (*mode == "Never") return ExecPlugin::Interactive::never;
  if (*mode == "Always") return ExecPlugin::Interactive::always;
  if (mode->empty() || *mode == "IfAvailable") return ExecPlugin::Interactive::if_available;
  return exec.problem("interactiveMode", "not allowed; allowed: Never, IfAvailable or Always");
}

/// What a plugin is told of the cluster it is to log in to.
Result<std::string> cluster_json(const Section& cluster, const Config& config) {
  const auto extensions = cluster.each("extensions");
  if (!extensions) return tl::unexpected(extensions.error());
  for (const Section& extension : *extensions) {
    const auto name = extension.text("name");
    if (!name) return tl::unexpected(name.error());
    if (*name == "client.authentication.k8s.io/exec") {
      return extension.problem("extension", "is not supported; allowed: a plugin's arguments and env");
    }
  }
  nlohmann::json told{{"server", config.server}};
  if (!config.ca_pem.empty()) told["certificate-authority-data"] = encode_base64(config.ca_pem);
  if (!config.tls_server_name.empty()) told["tls-server-name"] = config.tls_server_name;
  return told.dump();
}

}  // namespace

Result<ExecPlugin> read_exec(const Section& exec, const Section& cluster, const std::filesystem::path& directory,
                             const Config& config) {
  ExecPlugin plugin;
  auto version = exec.required("apiVersion");
  if (!version) return tl::unexpected(version.error());
  if (*version != "client.authentication.k8s.io/v1" && *version != "client.authentication.k8s.io/v1beta1") {
    return exec.problem("apiVersion", "not allowed; allowed: client.authentication.k8s.io/v1 or v1beta1");
  }
  plugin.api_version = std::move(*version);
  auto command = exec.required("command");
  if (!command) return tl::unexpected(command.error());
  const bool in_path = command->find('/') == std::string::npos;
  plugin.command = in_path ? std::move(*command) : (directory / *command).lexically_normal().string();
  auto arguments = exec.texts("args");
  if (!arguments) return tl::unexpected(arguments.error());
  plugin.arguments = std::move(*arguments);
  const auto variables = exec.each("env");
  if (!variables) return tl::unexpected(variables.error());
  for (const Section& variable : *variables) {
    auto name = variable.required("name");
    if (!name) return tl::unexpected(name.error());
    auto value = variable.text("value");
    if (!value) return tl::unexpected(value.error());
    plugin.environment.emplace_back(std::move(*name), std::move(*value));
  }
  auto hint = exec.text("installHint");
  if (!hint) return tl::unexpected(hint.error());
  plugin.install_hint = std::move(*hint);
  const auto interactive = read_interactive(exec);
  if (!interactive) return tl::unexpected(interactive.error());
  plugin.interactive = *interactive;
  const auto wants_cluster = exec.text("provideClusterInfo");
  if (!wants_cluster) return tl::unexpected(wants_cluster.error());
  if (*wants_cluster == "true") {
    auto told = cluster_json(cluster, config);
    if (!told) return tl::unexpected(told.error());
    plugin.cluster_json = std::move(*told);
  }
  return plugin;
}

}  // namespace outrigger::kube
