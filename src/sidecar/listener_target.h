#pragma once
#include <memory>
#include <string>

#include "sidecar/config.h"

namespace outrigger::sidecar {

struct Destination;

/// Where a listener's requests go: its connections share it, so that they follow when it is turned to another service.
struct ListenerTarget {
  ListenerProtocol protocol = ListenerProtocol::automatic;
  /// Null: each connection's own, by where it was going (transparent). Where by_host is given, that of a request whose
  /// own is not known: nobody's.
  std::shared_ptr<Destination> destination;
  std::string by_host = {};  ///< as in ListenerConfig: empty, or each request has its own
};

}  // namespace outrigger::sidecar
