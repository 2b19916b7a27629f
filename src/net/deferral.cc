#include "net/deferral.h"

namespace outrigger::net {

Deferral::Deferral(EventLoop& loop, std::function<void()> task)
    : loop_(loop), task_(std::make_shared<Task>(Task{std::move(task)})) {}

void Deferral::schedule() {
  if (task_->scheduled) return;
  task_->scheduled = true;
  loop_.defer([weak = std::weak_ptr<Task>(task_)] {
    const auto task = weak.lock();
    if (!task) return;
    task->run();
    task->scheduled = false;
  });
}

}  // namespace outrigger::net
