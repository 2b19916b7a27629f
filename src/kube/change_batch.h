#pragma once
#include <chrono>
#include <functional>
#include <unordered_set>

#include "kube/objects.h"

namespace outrigger::kube {

/// Events of one read, gathered into as few Changes as keep their order: none names an object twice. One owner.
class ChangeBatch {
 public:
  ChangeBatch(Kind kind, std::chrono::steady_clock::time_point read_at, const std::function<void(Change)>& on_change);

  void set(Object object);
  void remove(model::ObjectKey key);
  /// Gives away what is gathered. The destructor does not.
  void flush();

 private:
  void admit(const model::ObjectKey& key);

  const std::function<void(Change)>& on_change_;
  Change change_;
  std::unordered_set<model::ObjectKey> keys_;
};

}  // namespace outrigger::kube
