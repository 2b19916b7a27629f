#pragma once
#include <chrono>
#include <ctime>

namespace outrigger::kube {

/// CLOCK_BOOTTIME: never set, and goes on while the process is stopped (as steady_clock's CLOCK_MONOTONIC does) and
/// while the machine is suspended (as that does not). Any thread.
struct BootClock {
  // NOLINTBEGIN(readability-identifier-naming): the standard's names of a clock.
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<BootClock>;
  static constexpr bool is_steady = true;
  // NOLINTEND(readability-identifier-naming)

  static time_point now() {
    std::timespec time{};
    clock_gettime(CLOCK_BOOTTIME, &time);
    return time_point(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
  }
};

}  // namespace outrigger::kube
