#pragma once
#include <cstdint>
#include <string>

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

/// A connection to "IP:PORT" as it is.
fakes::Socket connect_straight(const std::string& destination);

}  // namespace outrigger::integration
