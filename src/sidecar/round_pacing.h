#pragma once
#include <algorithm>
#include <chrono>
#include <cstddef>

#include "net/event_loop.h"

namespace outrigger::sidecar {

/// How long a worker should rest between its rounds of events. Where many streams are under way on few connections, a
/// round that begins at once finds one or two messages, and each costs a read and a write of its own; behind a rest it
/// finds dozens, which cost no more (docs/decisions/0009). A rest is a small share of what the requests take anyway.
/// Worker's thread only.
class RoundPacing {
 public:
  static constexpr std::chrono::microseconds kLongestRest{300};
  static constexpr std::chrono::microseconds kShortestRest{50};  ///< what few streams wait for is there sooner
  static constexpr int kShare = 8;                               ///< a rest is that part of what a request takes
  static constexpr std::size_t kManyRequests = 20;               ///< a millisecond; below them nobody rests

  /// A request is over that took so long.
  void request_ended(net::Clock::duration took, net::Clock::time_point now) {
    if (const auto elapsed = now - since_; elapsed >= kWindow) {
      rest_ = kWindow * ended_ >= elapsed * kManyRequests ? rest_for(took_ / static_cast<int>(ended_)) : kNone;
      ended_ = 0;
      took_ = {};
      since_ = now;
    }
    ++ended_;
    // One that took for ever says nothing of the others.
    took_ += std::min<net::Clock::duration>(took, kShare * kLongestRest);
  }

  /// Zero: none.
  std::chrono::microseconds rest(net::Clock::time_point now) const {
    return now - since_ < 2 * kWindow ? rest_ : kNone;
  }

 private:
  static constexpr std::chrono::milliseconds kWindow{1};
  static constexpr std::chrono::microseconds kNone{0};

  static std::chrono::microseconds rest_for(net::Clock::duration request) {
    const auto share = std::chrono::duration_cast<std::chrono::microseconds>(request / kShare);
    return share < kShortestRest ? kNone : std::min(share, kLongestRest);
  }

  std::size_t ended_ = 0;  ///< since `since_`
  net::Clock::duration took_{};
  net::Clock::time_point since_{};
  std::chrono::microseconds rest_ = kNone;  ///< by the window before
};

}  // namespace outrigger::sidecar
