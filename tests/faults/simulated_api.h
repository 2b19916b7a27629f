#pragma once
#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "operator/plain_sets.h"

namespace outrigger::faults {

/// What an API server keeps: objects, a version that each change raises, and the changes between two versions for as
/// long as they are not compacted.
class SimulatedApi {
 public:
  struct Event {
    std::uint64_t version;
    kube::Kind kind;
    model::ObjectKey key;
    std::optional<kube::Object> object;  ///< none: deleted
  };

  void put(const kube::Object& object) {
    objects_.insert_or_assign({object.kind, object.key}, object);
    events_.push_back({++version_, object.kind, object.key, object});
  }
  void remove(kube::Kind kind, const model::ObjectKey& key) {
    if (objects_.erase({kind, key}) > 0) events_.push_back({++version_, kind, key, std::nullopt});
  }

  std::uint64_t version() const { return version_; }
  const op::Objects& objects() const { return objects_; }

  /// Everything of a kind as it was at `version`.
  std::vector<kube::Object> list(kube::Kind kind, std::uint64_t version) const {
    op::Objects objects;
    for (const Event& event : events_) {
      if (event.version > version || event.kind != kind) continue;
      objects.erase({kind, event.key});
      if (event.object) objects.emplace(std::pair{kind, event.key}, *event.object);
    }
    std::vector<kube::Object> all;
    for (auto& [key, object] : objects) all.push_back(std::move(object));
    return all;
  }

  /// False: a watch from that version, or a list at it, is answered with 410.
  bool has(std::uint64_t version) const { return version >= compacted_; }
  void compact() { compacted_ = version_; }
  /// What a watch tells after `version`; null: nothing yet.
  const Event* next(kube::Kind kind, std::uint64_t version) const {
    const auto found = std::ranges::find_if(
        events_, [&](const Event& event) { return event.version > version && event.kind == kind; });
    return found == events_.end() ? nullptr : &*found;
  }

 private:
  std::uint64_t version_ = 1;
  std::uint64_t compacted_ = 0;
  op::Objects objects_;
  std::vector<Event> events_;  ///< all there ever were, for list()
};

}  // namespace outrigger::faults
