#pragma once
#include <chrono>
#include <thread>

namespace outrigger::integration {

/// Long enough for sanitized programs on a busy machine: reaching it is a failure, never a measurement.
inline constexpr std::chrono::seconds kDeadline{60};

/// Looks again and again until `condition()` holds; false when it does not by the deadline.
template <class Condition>
bool eventually(Condition condition, std::chrono::milliseconds deadline = kDeadline) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

}  // namespace outrigger::integration
