#pragma once
#include <functional>

#include "net/event_loop.h"

namespace outrigger::fakes {

/// A timer for anything that can be called, however much it captures.
class FunctionTimer {
 public:
  FunctionTimer(net::EventLoop& loop, std::function<void()> on_due)
      : on_due_(std::move(on_due)), timer_(loop, [this] { on_due_(); }) {}

  void set(net::Clock::duration delay) { timer_.set(delay); }
  void cancel() { timer_.cancel(); }
  bool is_set() const { return timer_.is_set(); }

 private:
  std::function<void()> on_due_;
  net::Timer timer_;
};

}  // namespace outrigger::fakes
