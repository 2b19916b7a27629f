#pragma once
#include <chrono>
#include <cstddef>

#include "net/event_loop.h"

namespace outrigger::sidecar {

/// Whether a worker should rest a little between its rounds of events. Where many streams are under way on few
/// connections, a round that begins at once finds one or two messages, and each costs a read and a write of its own;
/// behind a rest it finds dozens, which cost no more (docs/decisions/0009). Worker's thread only.
class RoundPacing {
 public:
  static constexpr std::chrono::microseconds kRest{100};
  static constexpr std::size_t kManyStreams = 64;   ///< fewer come round sooner than a rest would be over
  static constexpr std::size_t kManyRequests = 20;  ///< a millisecond

  void stream_began(net::Clock::time_point now) {
    ++under_way_;
    if (const auto elapsed = now - since_; elapsed >= kWindow) {
      busy_ = kWindow * began_ >= elapsed * kManyRequests;
      began_ = 0;
      since_ = now;
    }
    ++began_;
  }
  void stream_ended() { --under_way_; }

  bool should_rest(net::Clock::time_point now) const {
    return busy_ && under_way_ >= kManyStreams && now - since_ < 2 * kWindow;
  }

 private:
  static constexpr std::chrono::milliseconds kWindow{1};

  std::size_t under_way_ = 0;
  std::size_t began_ = 0;  ///< since `since_`
  net::Clock::time_point since_{};
  bool busy_ = false;  ///< as it was in the window before
};

}  // namespace outrigger::sidecar
