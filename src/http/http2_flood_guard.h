#pragma once
#include <algorithm>
#include <cstdint>

namespace outrigger::http {

/// Tells a peer that keeps a connection busy for nothing from one that uses it: floods of empty DATA, PRIORITY, PING,
/// SETTINGS and WINDOW_UPDATE (CVE-2019-9511 to 9518), and requests sent to be reset by us (CVE-2025-8671). One number:
/// every frame received adds to it, what gets anybody further takes away. RFC 9113 section 10.5. One owner.
class Http2FloodGuard {
 public:
  /// In frames: what a peer may send in a row beyond what use it was.
  static constexpr std::int32_t kLimit = 10'000;

  void frame() { score_ += 1; }
  /// A head, a piece of a body received or sent. WINDOW_UPDATEs and PINGs come along with them.
  void use() { add(-16); }
  /// A stream that the peer made us reset.
  void fault() { add(64); }
  /// Pays for one frame a call, so that PINGs that keep an idle connection alive never add up.
  void wakeup() { add(-1); }
  bool flooded() const { return score_ > kLimit; }

 private:
  void add(std::int32_t change) { score_ = std::max(0, score_ + change); }

  std::int32_t score_ = 0;
};

}  // namespace outrigger::http
