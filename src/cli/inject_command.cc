#include "cli/inject_command.h"
#include "kube/json_path.h"

#include <fmt/format.h>

#include <iostream>
#include <iterator>
#include <memory>
#include <utility>

#include "cli/api_reader.h"
#include "cli/text_table.h"
#include "inject/manifest.h"
#include "kube/base64.h"
#include "kube/webhook_configuration.h"
#include "yaml/fields.h"
#include "yaml/json.h"

namespace outrigger::cli {
namespace {

using nlohmann::json;

constexpr const char* kSettingsKey = "injection.yaml";

/// What all sidecars of a cluster have in common.
struct Template {
  inject::Settings settings;
  std::string trust_bundle;
};

Result<Template> template_of_files(const InjectCommand& command) {
  const auto text = yaml::read_file(command.settings);
  if (!text) return failure("--settings: " + text.error().text);
  auto settings = inject::parse_settings(*text, command.settings);
  if (!settings) return failure("--settings: " + settings.error().text);
  auto bundle = yaml::read_file(command.trust_bundle);
  if (!bundle) return failure("--trust-bundle: " + bundle.error().text);
  return Template{std::move(*settings), std::move(*bundle)};
}

/// Of one of the webhooks, all of which have the same.
Result<std::string> trust_bundle_of(const json& configuration, const std::string& name) {
  for (const json* const webhook : kube::items_at(configuration, {"webhooks"})) {
    const std::string bundle = kube::text_at(*webhook, {"clientConfig", "caBundle"});
    if (!bundle.empty()) return kube::decode_base64(bundle);
  }
  return failure(name + " has no caBundle yet; the operator writes it once it has started");
}

Result<Template> template_of_cluster(const InjectCommand& command) {
  if (auto named = check_namespace("--operator-namespace", command.operator_namespace); !named) {
    return tl::unexpected(named.error());
  }
  const auto config = find_cluster(command.cluster);
  if (!config) return tl::unexpected(config.error());
  ApiReader api(*config);
  const Installation installation = find_installation(api, command.operator_namespace);
  const std::string where = fmt::format("/api/v1/namespaces/{}/configmaps/{}", installation.ns, installation.injection);
  const auto map = api.get(where);
  if (!map) return failure(fmt::format("the settings of injection, {}: {}", where, map.error().text));
  const std::string text = kube::text_at(*map, {"data", kSettingsKey});
  auto settings = inject::parse_settings(text, installation.injection);
  if (!settings) return tl::unexpected(settings.error());
  const auto webhooks = api.get(kube::webhook_configuration_path(installation.webhooks));
  if (!webhooks) return failure(fmt::format("{}: {}", installation.webhooks, webhooks.error().text));
  auto bundle = trust_bundle_of(*webhooks, installation.webhooks);
  if (!bundle) return tl::unexpected(bundle.error());
  return Template{std::move(*settings), std::move(*bundle)};
}

Result<std::string> read_input(const std::string& file) {
  if (file != "-") return yaml::read_file(file);
  return std::string(std::istreambuf_iterator<char>(std::cin), {});
}

std::string story_of(const inject::InjectedObject& object) {
  std::string story = printable(object.name) + ": ";
  story += object.left_alone ? "left alone: " + printable(object.left_alone->reason) : "has a sidecar";
  for (const std::string& warning : object.warnings) story += "\n  " + printable(warning);
  return story + "\n";
}

}  // namespace

Result<Output> run(const InjectCommand& command) {
  if (command.settings.empty() != command.trust_bundle.empty()) {
    return failure("--settings, --trust-bundle: one of them is missing; allowed: both or none");
  }
  if (auto named = check_namespace("--namespace", command.ns); !named) return tl::unexpected(named.error());
  const auto text = read_input(command.file);
  if (!text) return tl::unexpected(text.error());
  const auto documents = yaml::read_yaml(*text);
  if (!documents) return failure(command.file + ":" + documents.error().text);
  const auto common = command.settings.empty() ? template_of_cluster(command) : template_of_files(command);
  if (!common) return tl::unexpected(common.error());

  Output output;
  for (const yaml::Document& document : *documents) {
    auto injected = inject::inject_manifest(document.value, command.ns, common->settings, common->trust_bundle);
    if (!injected) return failure(fmt::format("{}:{}: {}", command.file, document.line, injected.error().text));
    output.text += "---\n" + yaml::write_yaml(injected->object);
    for (const inject::InjectedObject& object : injected->objects) output.complaints += story_of(object);
  }
  return output;
}

Command inject_command(CLI::App& app) {
  auto command = std::make_shared<InjectCommand>();
  CLI::App& parser = *app.add_subcommand("inject", "Manifests with sidecars, as the webhook would give them to pods");
  parser.add_option("-f,--filename", command->file, "manifests in YAML or JSON; - is stdin")->capture_default_str();
  parser.add_option("-n,--namespace", command->ns, "of what does not say its own")->capture_default_str();
  parser.add_option("--operator-namespace", command->operator_namespace, "where the operator is")
      ->capture_default_str();
  parser.add_option("--settings", command->settings,
                    "the settings of injection, a file as the operator's --injection; absent: the cluster's");
  parser.add_option("--trust-bundle", command->trust_bundle,
                    "the roots of the operator's certificate, a PEM file; absent: the cluster's");
  add_cluster_options(parser, command->cluster);
  parser.footer("Ends with 0, or 1 where something could not be read.");
  return {&parser, [command] { return run(*command); }};
}

}  // namespace outrigger::cli
