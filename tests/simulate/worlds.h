#pragma once
#include <chrono>
#include <string>

#include "simulate/engine.h"

namespace outrigger::simulate {

using namespace std::chrono_literals;
using model::PolicyKind;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;  ///< all takes ten times as long
#else
inline constexpr bool kSanitized = false;
#endif

/// `count` equal backends with one worker each and exponential service times of 1 ms, at `rate` requests a second.
inline Scenario open_world(std::uint32_t count, double rate, Time duration) {
  Scenario scenario;
  scenario.duration = duration;
  scenario.load.rate = rate;
  scenario.backends.assign(count, {.workers = 1, .service = Exponential{1e6}, .zone = {}});
  return scenario;
}

inline ScenarioEvent event(Time at, Change change, std::vector<std::uint32_t> backends, Time lasts = Time(0)) {
  return {.at = at, .lasts = lasts, .change = std::move(change), .backends = std::move(backends)};
}

inline std::uint64_t failures(const Outcome& outcome, Failure failure) {
  return outcome.failures[static_cast<std::size_t>(failure)];
}

/// Requests that came to a backend in a second.
inline std::uint32_t tries(const Outcome& outcome, std::size_t second, std::size_t backend) {
  return outcome.seconds.at(second).tries.at(backend);
}

}  // namespace outrigger::simulate
