#pragma once
#include <cstdint>

#include "health/passive_health.h"

namespace outrigger::balance {

/// The part of its weight that an endpoint has in its slow start, in hundredths: from 10 at its beginning in a straight
/// line to 100 at its end, in steps of a twentieth of it. Requires a duration above 0.
std::uint32_t slow_start_percent(health::Time age, health::Time duration);
/// The age at which the next step begins.
health::Time next_slow_start_step(health::Time age, health::Time duration);

}  // namespace outrigger::balance
