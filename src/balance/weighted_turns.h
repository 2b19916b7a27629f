#pragma once
#include <cstdint>
#include <functional>
#include <queue>
#include <span>
#include <vector>

#include "balance/random.h"

namespace outrigger::balance {

/// Turns in proportion to weight, spread as evenly as whole turns allow: after any number of turns t, item i has had
/// strictly within one of t·wᵢ/W, and every W turns exactly its share. Item i's turn j (from 0) is a unit job released
/// at ⌊j·W/wᵢ⌋ with the deadline ⌈(j+1)·W/wᵢ⌉, and of the released ones the earliest deadline is taken (earliest
/// deadline first meets every such deadline on one processor: Liu and Layland 1973; Baruah et al., "Proportionate
/// progress", 1996). The very first turn is drawn at random in proportion to weight and ties are broken in an order
/// drawn at random, so that many sidecars do not walk in lock-step. Neither breaks a deadline: with weights in lowest
/// terms, Σ⌊t·wᵢ/W⌋ < t for 0 < t < W, so there is always a slot that no deadline needs. One owner.
class WeightedTurns {
 public:
  /// `random` outlives it.
  explicit WeightedTurns(Random& random) : random_(random) {}

  /// Where an item is between two of its turns.
  struct Phase {
    bool released = false;
    double left = 0;  ///< of the time between two turns: until the deadline, or until the next turn's release; 0–1
  };
  /// One that is anywhere between two of its turns.
  Phase any_phase() { return {.released = false, .left = random_.unit()}; }

  /// From the beginning. Requires at least one weight, all positive.
  void update(std::span<const std::uint32_t> weights);
  /// Goes on: item i is where `phases[i]` says.
  void update(std::span<const std::uint32_t> weights, std::span<const Phase> phases);
  /// Of each item now.
  std::vector<Phase> phases() const;

  /// An item's index. O(log n), amortised; no allocation.
  std::size_t next();

 private:
  /// Times are in picks made, whole and in parts of `weight`, so that no pick divides and nothing ever overflows.
  struct Share {
    std::uint32_t index;       ///< the caller's
    std::uint32_t weight;      ///< in lowest terms with the others
    std::uint64_t step;        ///< ⌊W/weight⌋
    std::uint32_t step_parts;  ///< W mod weight
    std::uint32_t end_parts;   ///< always below weight
    std::uint64_t end;         ///< of the turn in the queues: (j+1)·W/weight, where the next one's release is
    bool released;             ///< which queue its turn is in
  };
  struct Turn {
    std::uint64_t due;  ///< release or deadline: which of both, the queue says
    std::uint32_t share;
    bool operator>(const Turn& other) const { return due != other.due ? due > other.due : share > other.share; }
  };
  using Queue = std::priority_queue<Turn, std::vector<Turn>, std::greater<>>;
  static std::uint64_t deadline(const Share& share) { return share.end + (share.end_parts > 0 ? 1 : 0); }
  static void advance(Share& share);
  Phase phase_of(const Share& share) const;
  void set_phase(Share& share, const Phase& phase) const;
  void set_weights(std::span<const std::uint32_t> weights);
  /// `first`: whose released turn comes first; none beyond the last.
  void fill_queues(std::size_t first);

  Random& random_;
  std::vector<Share> shares_;  ///< in the order that breaks ties
  std::uint64_t total_ = 0;    ///< W
  std::uint64_t now_ = 0;      ///< picks made since the last update
  Queue waiting_;              ///< by release; every item has one turn in one of both queues
  Queue released_;             ///< by deadline
};

}  // namespace outrigger::balance
