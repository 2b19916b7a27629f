#include "balance/slow_start.h"

#include <algorithm>

namespace outrigger::balance {
namespace {
constexpr std::int64_t kSteps = 20;

std::int64_t step_of(health::Time age, health::Time duration) {
  return std::clamp<std::int64_t>(age * kSteps / duration, 0, kSteps);
}
}  // namespace

std::uint32_t slow_start_percent(health::Time age, health::Time duration) {
  return static_cast<std::uint32_t>(10 + 90 * step_of(age, duration) / kSteps);
}

health::Time next_slow_start_step(health::Time age, health::Time duration) {
  // Rounded up, so that the step has begun by then.
  return (duration * (step_of(age, duration) + 1) + health::Time(kSteps - 1)) / kSteps;
}

}  // namespace outrigger::balance
