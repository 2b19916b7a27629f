#pragma once
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "net/held_bytes.h"

namespace outrigger::sidecar {

/// A worker's buffers for bytes on their way. Whoever has nothing to send gives its buffer back, so that an idle
/// connection holds none; few are kept, and no large ones. Worker's thread only.
class BufferPool {
 public:
  static constexpr std::size_t kMaxKept = 64;
  static constexpr std::size_t kMaxKeptBytes = 16 * 1024;  ///< of one buffer

  /// Empty, with room for a head as a rule.
  std::string take() {
    if (kept_.empty()) return {};
    std::string buffer = std::move(kept_.back());
    kept_.pop_back();
    return buffer;
  }
  void give(std::string buffer) {
    constexpr std::size_t kInPlace = 64;  // a short one is not worth keeping
    if (buffer.capacity() < kInPlace || buffer.capacity() > kMaxKeptBytes || kept_.size() == kMaxKept) return;
    buffer.clear();
    kept_.push_back(std::move(buffer));
  }

  /// What of all this is held for longer than a round of events.
  net::HeldBytes& held() { return held_; }
  const net::HeldBytes& held() const { return held_; }

 private:
  std::vector<std::string> kept_;
  net::HeldBytes held_;
};

}  // namespace outrigger::sidecar
