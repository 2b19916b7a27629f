#include "inject/settings.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "inject/quantity.h"
#include "model/value_text.h"
#include "yaml/fields.h"

namespace outrigger::inject {
namespace {

using namespace yaml;

constexpr std::array<std::string_view, 2> kModes = {"transparent", "explicit"};  // by Mode
constexpr std::array<std::string_view, 3> kPullPolicies = {"IfNotPresent", "Always", "Never"};
constexpr const char* kFile = "file";

bool is_plain(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return c > ' ' && c <= '~' && c != '"'; });
}

Result<std::string> read_plain(const std::string& text) {
  if (!text.empty() && is_plain(text)) return text;
  return failure(model::not_allowed(text, "printable ASCII without blanks and double quotes"));
}

Result<std::string> read_address(const std::string& text) {
  if (text.starts_with("https://") && is_plain(text)) return text;
  return failure(model::not_allowed(text, "https://HOST:PORT"));
}

std::string read_quantity(const YAML::Node& node, const std::string& where, const std::string& key,
                          Result<std::int64_t> (*parse)(std::string_view)) {
  if (!node[key]) return {};
  return value(node, where, key, [&](const std::string& text) -> Result<std::string> {
    const auto parsed = parse(text);
    return parsed ? Result<std::string>(text) : failure(parsed.error().text);
  });
}

Resources read_resources(const YAML::Node& node) {
  check_map(node, "resources", {"requests", "limits"});
  Resources resources{.cpu_request = {}, .memory_request = {}, .cpu_limit = {}, .memory_limit = {}};
  const auto read = [&](const char* kind, std::string& cpu, std::string& memory) {
    if (!node[kind]) return;
    const std::string where = std::string("resources.") + kind;
    check_map(node[kind], where, {"cpu", "memory"});
    cpu = read_quantity(node[kind], where, "cpu", parse_cpu);
    memory = read_quantity(node[kind], where, "memory", parse_memory);
  };
  read("requests", resources.cpu_request, resources.memory_request);
  read("limits", resources.cpu_limit, resources.memory_limit);
  const auto check = [&](const char* what, const std::string& request, const std::string& limit, auto parse) {
    if (request.empty() || limit.empty() || *parse(request) <= *parse(limit)) return;
    complain(node["requests"][what], fmt::format("resources.requests.{}: '{}' is not allowed; allowed: at most the "
                                                 "limit, {}",
                                                 what, request, limit));
  };
  check("cpu", resources.cpu_request, resources.cpu_limit, parse_cpu);
  check("memory", resources.memory_request, resources.memory_limit, parse_memory);
  return resources;
}

model::PortRanges read_ports(const YAML::Node& root) {
  model::PortRanges ports;
  std::size_t index = 0;
  for (const YAML::Node& item : list(root, kFile, "skipOutboundPorts")) {
    const std::string text = item.IsScalar() ? item.Scalar() : std::string();
    const auto parsed = model::parse_ports(text);
    if (!parsed || parsed->empty()) {
      complain(item, fmt::format("skipOutboundPorts[{}]: {}", index,
                                 model::not_allowed(text, "a port from 1 to 65535, or a range as in 9000-9100")));
    }
    ports = model::merged(std::move(ports), *parsed);
    ++index;
  }
  return ports;
}

Settings read_settings(const YAML::Node& root) {
  check_map(
      root, kFile,
      {"image", "imagePullPolicy", "operator", "tokenAudience", "mode", "proxyUid", "resources", "skipOutboundPorts"});
  Settings settings;
  settings.image = value(root, kFile, "image", read_plain);
  settings.image_pull_policy = kPullPolicies[choice(root, kFile, "imagePullPolicy", kPullPolicies, 0)];
  settings.operator_address = value(root, kFile, "operator", read_address);
  if (root["tokenAudience"]) settings.token_audience = value(root, kFile, "tokenAudience", read_plain);
  settings.mode = static_cast<Mode>(choice(root, kFile, "mode", kModes, 0));
  settings.proxy_uid = number(root, kFile, "proxyUid", 1, 2'147'483'647, settings.proxy_uid);
  if (root["resources"]) settings.resources = read_resources(root["resources"]);
  if (root["skipOutboundPorts"]) settings.skip_ports = read_ports(root);
  return settings;
}

}  // namespace

const char* mode_text(Mode mode) { return kModes[static_cast<std::size_t>(mode)].data(); }

Result<Mode> parse_mode(const std::string& text) {
  for (std::size_t i = 0; i < kModes.size(); ++i) {
    if (text == kModes[i]) return static_cast<Mode>(i);
  }
  return failure(model::not_allowed(text, "transparent, explicit"));
}

Result<Settings> parse_settings(const std::string& text, const std::string& path) {
  return read_document(text, path, read_settings);
}

}  // namespace outrigger::inject
