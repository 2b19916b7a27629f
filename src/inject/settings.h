#pragma once
/// What injected sidecars of this cluster have in common: the operator's --injection file. Any thread.
#include <cstdint>
#include <string>

#include "model/port_ranges.h"
#include "result/result.h"

namespace outrigger::inject {

enum class Mode {
  transparent,  ///< all outgoing TCP of the pod is redirected to the sidecar
  by_host       ///< "explicit": the application dials the sidecar, which needs no capability
};
/// "transparent" or "explicit"
const char* mode_text(Mode mode);
Result<Mode> parse_mode(const std::string& text);

/// Of a container, as Kubernetes writes quantities; empty: none.
struct Resources {
  std::string cpu_request = "10m";
  std::string memory_request = "16Mi";
  std::string cpu_limit = {};
  std::string memory_limit = "128Mi";
  bool operator==(const Resources&) const = default;
};

inline constexpr std::uint32_t kProxyUid = 64'190;

struct Settings {
  std::string image;
  std::string image_pull_policy = "IfNotPresent";
  std::string operator_address;  ///< https://HOST:PORT of the feed
  std::string token_audience = "outrigger";
  Mode mode = Mode::transparent;
  std::uint32_t proxy_uid = kProxyUid;  ///< whose connections are not redirected; no other program's of a pod
  Resources resources = {};
  model::PortRanges skip_ports = {{53, 53}, {10'250, 10'250}};
};

/// Reads a file's text; `path` is for messages. The error is one line, "PATH:LINE: KEY: 'VALUE' is not allowed;
/// allowed: ...".
Result<Settings> parse_settings(const std::string& text, const std::string& path);

}  // namespace outrigger::inject
