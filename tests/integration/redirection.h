#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "fakes/sockets.h"

namespace outrigger::integration {

/// While it lives, connections that are marked are redirected to a port of this machine, as a pod's are to its sidecar;
/// what the sidecar dials itself is not. One at a time; IPv4 and IPv6.
class Redirection {
 public:
  explicit Redirection(std::uint16_t port);
  ~Redirection();
  Redirection(const Redirection&) = delete;
  Redirection& operator=(const Redirection&) = delete;

  /// A connection to "IP:PORT", which is redirected.
  static fakes::Socket connect(const std::string& destination);
};

/// While it lives, connections to a port of 127.0.0.1 go to each of some others of its ports in turn, as those to a
/// Service do by kube-proxy. One at a time.
class TurnsOfPorts {
 public:
  TurnsOfPorts(std::uint16_t port, const std::vector<std::uint16_t>& others);
  ~TurnsOfPorts();
  TurnsOfPorts(const TurnsOfPorts&) = delete;
  TurnsOfPorts& operator=(const TurnsOfPorts&) = delete;
};

/// A connection to "IP:PORT" as it is.
fakes::Socket connect_straight(const std::string& destination);

}  // namespace outrigger::integration
