#pragma once
#include <algorithm>
#include <chrono>
#include <cstdint>

#include "balance/random.h"

namespace outrigger::uplink {

/// How long to wait for the next try when a stream has ended or nothing was answered: full jitter, so that sidecars do
/// not come in one wave, of a time that doubles until a stream has lived for as long as it may become. So neither an
/// operator that is away nor one that ends every stream it has answered makes a busy loop. Likewise for how long a try
/// may last: one that hangs is soon left for another, but one that takes thousands in turn must be waited for. No
/// clock; one owner.
class OperatorBackoff {
 public:
  static constexpr std::chrono::milliseconds kFirst{200};
  static constexpr std::chrono::milliseconds kMost{10'000};
  static constexpr std::chrono::seconds kFirstPatience{15};
  static constexpr std::chrono::seconds kMostPatience{60};

  explicit OperatorBackoff(std::uint64_t seed, std::chrono::milliseconds most = kMost) : most_(most), random_(seed) {}

  /// `lived`: for how long there was the stream that has ended; 0: it did not begin. `retry_after` is what the operator
  /// asks for, to which the jitter is added.
  std::chrono::milliseconds next(std::chrono::nanoseconds lived, std::chrono::seconds retry_after) {
    if (lived >= most_) bound_ = kFirst;
    patience_ = lived.count() > 0 ? kFirstPatience : std::min(patience_ * 2, kMostPatience);
    const auto jitter = std::chrono::milliseconds(1 + random_.below(static_cast<std::uint64_t>(bound_.count())));
    bound_ = std::min(bound_ * 2, most_);
    return retry_after + jitter;
  }
  /// As after a stream that has lived.
  void begin_anew() {
    bound_ = kFirst;
    patience_ = kFirstPatience;
  }
  /// For the next answer to begin.
  std::chrono::seconds patience() const { return patience_; }

 private:
  std::chrono::milliseconds most_;
  balance::Random random_;
  std::chrono::milliseconds bound_ = kFirst;
  std::chrono::seconds patience_ = kFirstPatience;
};

}  // namespace outrigger::uplink
