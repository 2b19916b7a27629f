#include "kube/change_batch.h"

#include <utility>

namespace outrigger::kube {

ChangeBatch::ChangeBatch(Kind kind, std::chrono::steady_clock::time_point read_at,
                         const std::function<void(Change)>& on_change)
    : on_change_(on_change), change_{.kind = kind, .replace = false, .objects = {}, .gone = {}, .read_at = read_at} {}

void ChangeBatch::set(Object object) {
  admit(object.key);
  change_.objects.push_back(std::move(object));
}

void ChangeBatch::remove(model::ObjectKey key) {
  admit(key);
  change_.gone.push_back(std::move(key));
}

void ChangeBatch::flush() {
  if (keys_.empty()) return;
  keys_.clear();
  on_change_({.kind = change_.kind,
              .replace = false,
              .objects = std::exchange(change_.objects, {}),
              .gone = std::exchange(change_.gone, {}),
              .read_at = change_.read_at});
}

void ChangeBatch::admit(const model::ObjectKey& key) {
  if (keys_.contains(key)) flush();
  keys_.insert(key);
}

}  // namespace outrigger::kube
