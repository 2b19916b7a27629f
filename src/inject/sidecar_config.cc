#include "inject/sidecar_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "inject/pod_injection.h"
#include "inject/quantity.h"

namespace outrigger::inject {
namespace {

constexpr std::int64_t kMiB = 1 << 20;

/// What workers hold of messages under way comes to 1.25 times this each at most, and to half of the memory limit
/// together: the rest is for connections, the kernel's socket buffers and the program.
std::int64_t buffered_bytes(const PodOptions& options) {
  constexpr std::int64_t kUsual = 64 * kMiB;
  const auto limit = parse_memory(options.resources.memory_limit);
  if (!limit) return kUsual;
  const std::int64_t workers = std::max<std::int64_t>(options.workers, 1);
  return std::clamp(*limit * 2 / 5 / workers, kMiB, kUsual);
}

}  // namespace

std::string sidecar_config(const std::string& ns, const Settings& settings, const PodOptions& options) {
  std::string text = fmt::format("admin: \"[::]:{}\"\n", kAdminPort);
  if (options.workers != 0) text += fmt::format("workers: {}\n", options.workers);
  text += "listeners:\n";
  if (options.mode == Mode::transparent) {
    text += fmt::format("  - {{name: outbound, address: \"localhost:{}\", transparent: true}}\n", kOutboundPort);
  } else {
    text += fmt::format("  - {{name: by-host, address: \"localhost:{}\", byHost: \"{}\"}}\n", kByHostPort, ns);
  }
  text += fmt::format("limits: {{bufferedBytes: {}}}\n", buffered_bytes(options));
  text += fmt::format("operator: {{address: \"{}\", ca: ca.crt, token: token, snapshot: {}/snapshot}}\n",
                      settings.operator_address, kStateFolder);
  return text;
}

}  // namespace outrigger::inject
