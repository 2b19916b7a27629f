#pragma once
#include <memory>

#include "sidecar/config.h"

namespace outrigger::sidecar {

struct Destination;

/// Where a listener's requests go: its connections share it, so that they follow when it is turned to another service.
struct ListenerTarget {
  ListenerProtocol protocol = ListenerProtocol::automatic;
  std::shared_ptr<Destination> destination;  ///< null: each connection's own, by where it was going (transparent)
};

}  // namespace outrigger::sidecar
