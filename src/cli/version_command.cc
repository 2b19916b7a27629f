#include "cli/version_command.h"
#include "kube/json_path.h"

#include <fmt/format.h>

#include <memory>

#include "cli/pod_lists.h"
#include "cli/text_table.h"

namespace outrigger::cli {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

/// More than there are releases in one cluster; images are named by who makes pods.
constexpr std::size_t kMaxVersions = 100;

bool is_absent(const Denial& denial) { return denial.why == Denial::Why::absent; }

std::string version_of(const std::string& image) {
  const std::string tag = image_tag(image);
  return tag.empty() ? "untagged" : tag;
}

Answer<std::string> operator_version(ApiReader& api, const std::string& ns) {
  const auto deployment = api.get(deployment_path(find_installation(api, ns)));
  if (!deployment) return tl::unexpected(deployment.error());
  for (const json* const container : kube::items_at(*deployment, {"spec", "template", "spec", "containers"})) {
    return version_of(kube::text_at(*container, {"image"}));
  }
  return tl::unexpected(Denial{Denial::Why::failed, "the operator's Deployment has no container"});
}

Answer<VersionCounts> sidecar_versions(ApiReader& api) {
  VersionCounts counts;
  const auto done = each_injected_pod(api, "", [&](const PodFacts& pod) {
    if (!pod.running || !pod.has_sidecar) return;
    const std::string version = version_of(pod.sidecar_image);
    ++counts[counts.size() < kMaxVersions || counts.contains(version) ? version : "others"];
  });
  if (!done) return tl::unexpected(done.error());
  return counts;
}

std::string complaint(const char* about, const Denial& denial) {
  return fmt::format("outrigger: {}: {}\n", about, printable(denial.text));
}

}  // namespace

std::string table_text(const Versions& versions) {
  std::vector<std::vector<std::string>> rows{{"client", versions.client}};
  if (versions.operators) rows.push_back({"operator", *versions.operators});
  if (!versions.operators && is_absent(versions.operators.error())) rows.push_back({"operator", "none"});
  if (versions.sidecars) {
    std::string counts;
    for (const auto& [version, count] : *versions.sidecars) {
      counts += fmt::format("{}{} of {}", counts.empty() ? "" : ", ", count, version);
    }
    rows.push_back({"sidecars", counts.empty() ? "none" : counts});
  }
  return aligned(rows, rows.front().size());
}

std::string json_text(const Versions& versions) {
  ordered_json all = {{"client", versions.client}, {"operator", nullptr}, {"sidecars", nullptr}};
  if (versions.operators) all["operator"] = *versions.operators;
  if (versions.sidecars) all["sidecars"] = *versions.sidecars;
  return all.dump(2, ' ', true, ordered_json::error_handler_t::replace) + "\n";
}

Result<Output> run(const VersionCommand& command) {
  const Denial not_asked{Denial::Why::failed, "not asked"};
  Versions versions{
      .client = OUTRIGGER_VERSION, .operators = tl::unexpected(not_asked), .sidecars = tl::unexpected(not_asked)};
  Output output;
  if (!command.client_only) {
    if (auto named = check_namespace("--namespace", command.ns); !named) return tl::unexpected(named.error());
    if (const auto config = find_cluster(command.cluster)) {
      ApiReader api(*config);
      versions.operators = operator_version(api, command.ns);
      if (!versions.operators && !is_absent(versions.operators.error())) {
        output.complaints += complaint("operator", versions.operators.error());
      }
      const bool reachable = versions.operators || versions.operators.error().why != Denial::Why::unreachable;
      if (reachable) versions.sidecars = sidecar_versions(api);
      if (reachable && !versions.sidecars) output.complaints += complaint("sidecars", versions.sidecars.error());
    } else {
      output.complaints = "outrigger: " + printable(config.error().text) + "\n";
    }
  }
  if (!output.complaints.empty()) output.status = kUnable;
  output.text = command.output == "json" ? json_text(versions) : table_text(versions);
  return output;
}

Command version_command(CLI::App& app) {
  auto command = std::make_shared<VersionCommand>();
  CLI::App& parser = *app.add_subcommand("version", "This program's version, the operator's and the sidecars'");
  parser.add_flag("--client", command->client_only, "this program's alone: no cluster is asked");
  parser.add_option("-n,--namespace", command->ns, "where the operator is")->capture_default_str();
  add_cluster_options(parser, command->cluster);
  add_output_option(parser, command->output);
  parser.footer("Ends with 0, or 1 where the cluster could not be asked.");
  return {&parser, [command] { return run(*command); }};
}

}  // namespace outrigger::cli
