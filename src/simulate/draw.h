#pragma once
#include <cstdint>

#include "balance/random.h"

namespace outrigger::simulate {

/// What the draws of a run are for. Each has its own, so that what one needs moves no other.
enum class Purpose : std::uint64_t { arrivals = 1, clients, requests, sidecars, events, antagonists };

/// A beginning for draws, as good as unrelated to that of another purpose or number.
inline std::uint64_t draw_seed(std::uint64_t seed, Purpose purpose, std::uint64_t number = 0) {
  balance::Random of_seed(seed);
  balance::Random of_purpose(of_seed.next() ^ static_cast<std::uint64_t>(purpose));
  return balance::Random(of_purpose.next() ^ number).next();
}

}  // namespace outrigger::simulate
