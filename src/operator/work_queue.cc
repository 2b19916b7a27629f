#include "operator/work_queue.h"

#include <algorithm>
#include <utility>

#include "result/result.h"

namespace outrigger::op {

void WorkQueue::add(const model::ObjectKey& service, TimePoint read_at) {
  const auto [waiting, is_new] = read_at_.try_emplace(service, read_at);
  if (is_new) {
    order_.push_back(service);
  } else {
    waiting->second = std::min(waiting->second, read_at);
  }
}

std::optional<WorkQueue::Item> WorkQueue::take() {
  if (order_.empty()) return std::nullopt;
  const auto waiting = read_at_.find(order_.front());
  CHECK(waiting != read_at_.end());
  Item item{std::move(order_.front()), waiting->second};
  order_.pop_front();
  read_at_.erase(waiting);
  return item;
}

}  // namespace outrigger::op
