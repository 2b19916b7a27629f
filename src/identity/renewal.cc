#include "identity/renewal.h"

namespace outrigger::identity {

TimePoint renewal_time(TimePoint not_before, TimePoint not_after, std::uint64_t random) {
  constexpr std::uint64_t kSteps = 1 << 20;
  const auto life = std::chrono::duration_cast<std::chrono::milliseconds>(not_after - not_before);
  // From 17/30 to 23/30 of the life.
  const auto spread = life / 5;
  const auto earliest = life * 17 / 30;
  return not_before + earliest +
         spread * static_cast<std::int64_t>(random % kSteps) / static_cast<std::int64_t>(kSteps);
}

}  // namespace outrigger::identity
