#pragma once
#include <chrono>
#include <functional>

#include "fakes/function_timer.h"
#include "net/event_loop.h"

namespace outrigger::fakes {

/// Runs the loop until `done()`, which is looked at every millisecond; false when that takes longer than the deadline.
inline bool run_until(net::EventLoop& loop, const std::function<bool()>& done,
                      std::chrono::seconds deadline = std::chrono::seconds(30)) {
  const auto end = net::Clock::now() + deadline;
  bool reached = false;
  FunctionTimer timer(loop, [&] {
    reached = done();
    if (reached || net::Clock::now() >= end) return loop.stop();
    timer.set(std::chrono::milliseconds(1));
  });
  timer.set(net::Clock::duration(0));
  loop.run();
  return reached;
}

}  // namespace outrigger::fakes
