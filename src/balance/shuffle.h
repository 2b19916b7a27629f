#pragma once
#include <span>
#include <utility>

#include "balance/random.h"

namespace outrigger::balance {

/// Every order equally likely (Durstenfeld 1964). Unlike std::shuffle's, the order a seed gives is the same with every
/// standard library.
template <class T>
void shuffle(std::span<T> items, Random& random) {
  for (std::size_t left = items.size(); left > 1; --left) std::swap(items[left - 1], items[random.below(left)]);
}

}  // namespace outrigger::balance
