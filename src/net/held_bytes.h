#pragma once
#include <cstddef>
#include <cstdint>
#include <limits>

namespace outrigger::net {

/// The bytes that one loop's connections hold altogether: for a peer that does not take them, for a message that is not
/// whole yet, or for another try. Two lines bound them. Above the limit nothing is begun; above a quarter more, whoever
/// has just come to hold more than before must end, so that each of these may be told at once and no sum is ever higher
/// than that and what one read has brought. Loop's thread only.
class HeldBytes {
 public:
  void set_limit(std::uint64_t bytes) { limit_ = bytes; }

  /// A holder's part of them, `part`, is now that.
  void update(std::size_t& part, std::size_t now) {
    total_ += now;
    total_ -= part;
    part = now;
  }
  std::uint64_t total() const { return total_; }
  bool above_limit() const { return total_ > limit_; }
  bool exhausted() const { return total_ > limit_ + limit_ / 4; }

 private:
  std::uint64_t total_ = 0;
  std::uint64_t limit_ = std::numeric_limits<std::uint64_t>::max() / 2;
};

}  // namespace outrigger::net
