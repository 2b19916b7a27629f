#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "integration/programs.h"

namespace outrigger::integration {

/// Of operators that stand for one Lease of the name "outrigger", and are known by number.
inline constexpr std::size_t kReplicas = 3;
inline constexpr std::size_t kNobody = SIZE_MAX;

bool leads(Operator& replica);
/// Waits until one of these leads, and returns its number; no other of them leads beside it.
std::size_t leader_of(const std::vector<std::size_t>& replicas, const std::function<bool(std::size_t)>& leads);
std::vector<std::size_t> others(std::size_t than);

}  // namespace outrigger::integration
