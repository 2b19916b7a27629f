#pragma once
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

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

  /// Bytes that wait for a peer to take them, or for a place, over all of the worker's connections.
  std::size_t waiting_bytes() const { return waiting_bytes_; }
  void add_waiting(std::size_t bytes) { waiting_bytes_ += bytes; }
  void remove_waiting(std::size_t bytes) { waiting_bytes_ -= bytes; }

 private:
  std::vector<std::string> kept_;
  std::size_t waiting_bytes_ = 0;
};

}  // namespace outrigger::sidecar
