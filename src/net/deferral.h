#pragma once
#include <functional>
#include <memory>

#include "net/event_loop.h"

namespace outrigger::net {

/// A task for the end of the loop's round; forgotten when this ends, which its own task may do. Requires the loop to
/// outlive it. Loop's thread only.
class Deferral {
 public:
  Deferral(EventLoop& loop, std::function<void()> task);

  /// Runs the task once when the round ends, however often it is asked for. Not heard while the task runs: what asks
  /// for itself again and again would keep the round from ending.
  void schedule();

 private:
  struct Task {
    std::function<void()> run;
    bool scheduled = false;
  };
  EventLoop& loop_;
  std::shared_ptr<Task> task_;
};

}  // namespace outrigger::net
