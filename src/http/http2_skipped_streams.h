#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace outrigger::http {

/// The identifiers that a client has gone past without using them: they can never be used (RFC 9113 section 5.1.1).
/// nghttp2 1.52 passes over what comes on them. Remembers the last kMaxRanges gaps; a client in order makes none.
class Http2SkippedStreams {
 public:
  static constexpr std::size_t kMaxRanges = 16;

  /// A HEADERS frame for that stream. False: it is one that was gone past.
  bool may_come(std::int32_t stream) {
    if (stream > highest_) {
      if (stream > highest_ + 2) gaps_[next_gap_++ % kMaxRanges] = {highest_, stream};
      highest_ = stream;
      return true;
    }
    return std::none_of(gaps_.begin(), gaps_.end(),
                        [stream](const Gap& gap) { return gap.above < stream && stream < gap.below; });
  }

 private:
  struct Gap {
    std::int32_t above = 0;
    std::int32_t below = 0;
  };
  std::int32_t highest_ = -1;  ///< the first may be 1
  std::size_t next_gap_ = 0;
  std::array<Gap, kMaxRanges> gaps_{};
};

}  // namespace outrigger::http
