#include "inject/pod_options.h"

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

#include "inject/quantity.h"
#include "model/annotations.h"

namespace outrigger::inject {
namespace {

constexpr std::int64_t kMilli = 1'000;
constexpr std::int64_t kMostWorkers = 64;

Result<void> read_mode(const std::string& text, PodOptions& options) {
  const auto mode = parse_mode(text);
  if (!mode) return tl::unexpected(mode.error());
  options.mode = *mode;
  return {};
}

/// Who asks for cores means to use them: as many workers, and no limit below what is asked for, which the API server
/// would refuse.
Result<void> read_cpu(const std::string& text, PodOptions& options) {
  const auto milli = parse_cpu(text);
  if (!milli) return tl::unexpected(milli.error());
  options.resources.cpu_request = text;
  const auto limit = parse_cpu(options.resources.cpu_limit);
  if (limit && *limit < *milli) options.resources.cpu_limit.clear();
  options.workers = static_cast<std::uint32_t>(std::min((*milli + kMilli - 1) / kMilli, kMostWorkers));
  return {};
}

Result<void> read_memory(const std::string& text, PodOptions& options) {
  const auto bytes = parse_memory(text);
  if (!bytes) return tl::unexpected(bytes.error());
  options.resources.memory_request = text;
  options.resources.memory_limit = text;
  return {};
}

Result<void> read_skip_ports(const std::string& text, PodOptions& options) {
  const auto ports = model::parse_ports(text);
  if (!ports) return tl::unexpected(ports.error());
  options.skip_ports = model::merged(std::move(options.skip_ports), *ports);
  return {};
}

using Read = Result<void> (*)(const std::string&, PodOptions&);
constexpr std::array<std::pair<const char*, Read>, 4> kKeys{{{"mode", read_mode},
                                                             {"proxy-cpu", read_cpu},
                                                             {"proxy-memory", read_memory},
                                                             {"skip-outbound-ports", read_skip_ports}}};

}  // namespace

ParsedPodOptions parse_pod_options(const std::map<std::string, std::string>& annotations, const Settings& settings) {
  ParsedPodOptions parsed{
      .options = {.mode = settings.mode, .resources = settings.resources, .skip_ports = settings.skip_ports},
      .errors = {}};
  for (const auto& [name, read] : kKeys) {
    const std::string key = std::string(model::kAnnotationPrefix) + name;
    const auto found = annotations.find(key);
    if (found == annotations.end()) continue;
    const auto done = read(found->second, parsed.options);
    if (!done) parsed.errors.push_back(key + ": " + done.error().text);
  }
  return parsed;
}

}  // namespace outrigger::inject
