#pragma once
/// What is set in the pod's network namespace, as nftables reads it. Pure; any thread.
#include <cstdint>
#include <optional>
#include <string>

#include "model/port_ranges.h"

namespace outrigger::init {

/// An IP, in its canonical text, and a port.
struct IpPort {
  std::string ip;
  bool ipv6 = false;
  std::uint16_t port = 0;

  std::string text() const;
  bool operator==(const IpPort&) const = default;
};

/// Which of the connections that a pod's processes open are redirected.
struct Redirection {
  std::uint16_t port = 0;       ///< of 127.0.0.1 and ::1, where they arrive instead
  std::uint32_t proxy_uid = 0;  ///< whose own connections are not redirected
  model::PortRanges skip_ports;
  std::optional<IpPort> api_server;
};

/// The API server as a pod finds it in KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT; null where a variable is
/// not set. Nothing, too, where the host is no IP or the port none.
std::optional<IpPort> api_server(const char* host, const char* port);

/// The table `inet outrigger`, made anew in one transaction whether or not there is one; no other table is named. It
/// redirects TCP, IPv4 and IPv6, but for the proxy's own, what stays on the machine, link-local destinations, the API
/// server and `skip_ports`. All in numbers: nftables looks names up in files that an image need not have.
std::string ruleset(const Redirection& redirection);

}  // namespace outrigger::init
