#pragma once
#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <unordered_map>

#include "model/service_port.h"

namespace outrigger::op {

/// Services to look at again: each waits at most once, in the order they were first added. One owner, no lock. Holds
/// at most one item per Service that is or was known.
class WorkQueue {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  struct Item {
    model::ObjectKey service;
    TimePoint read_at;  ///< when the earliest of the changes behind it was read
  };

  void add(const model::ObjectKey& service, TimePoint read_at);
  /// The one that has waited longest.
  std::optional<Item> take();
  std::size_t depth() const { return order_.size(); }

 private:
  std::deque<model::ObjectKey> order_;
  std::unordered_map<model::ObjectKey, TimePoint> read_at_;
};

}  // namespace outrigger::op
