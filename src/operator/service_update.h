#pragma once
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "feed/message.h"

namespace outrigger::op {

/// The new level of one Service port, from the reconciler to the publisher.
struct ServiceUpdate {
  model::ServicePort service;
  std::shared_ptr<const feed::FullSet> set;  ///< null: no such Service, or no such TCP port of it, any more
  /// When the earliest change behind it was read.
  std::chrono::steady_clock::time_point read_at;
};

/// Updates in order. After the first one that is complete, what was never named does not exist.
struct Publication {
  std::vector<ServiceUpdate> updates;
  bool complete = false;
  std::map<std::string, std::string> zones = {};  ///< by node, those that have changed; empty: not known any more
};

}  // namespace outrigger::op
