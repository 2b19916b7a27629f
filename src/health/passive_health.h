#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace outrigger::health {

/// Since any one moment, the same for all that is told to one object.
using Time = std::chrono::nanoseconds;

/// Why an endpoint was ejected.
enum class Reason : std::uint8_t { connect_failure, failures, success_rate };
inline constexpr std::size_t kReasons = 3;
/// "connect-failure", "consecutive-failures", "success-rate"
std::string_view reason_text(Reason reason);

/// How its requests say one endpoint is: in use, ejected, or on trial once it has been ejected for long enough, when
/// one request tells whether it comes back (the half-open state of Nygard's circuit breaker, "Release It!", 2007).
/// Plain state, one owner. What is ejected is its owner's decision, which sees the other endpoints too.
class PassiveHealth {
 public:
  enum class State : std::uint8_t { in_use, ejected, on_trial };

  /// The first ejection after a failure to connect; doubled each time, up to the one of other reasons.
  static constexpr std::chrono::milliseconds kFirstReconnect{500};
  /// The longest ejection, as a multiple of the first.
  static constexpr std::uint32_t kLongest = 10;

  State state() const { return state_; }
  /// Of the last ejection.
  Reason reason() const { return reason_; }
  /// Whether it takes no connections, as far as was seen before it was ejected.
  bool is_unreachable() const { return reason_ == Reason::connect_failure || refused_; }
  /// When the ejection is over; requires ejected.
  Time until() const { return until_; }

  /// A request went well. Returns whether that has ended a trial, or an ejection that others' requests had outlived.
  bool succeed(Time now);
  /// A request failed: the reason for which to eject it, if there is one. `limit`: failures in a row for which to; 0:
  /// no number of them. A failure to connect, or on trial, is reason enough alone.
  std::optional<Reason> fail(bool to_connect, std::uint32_t limit);

  /// From now, for about `base` the first time, more each time soon after the last; `jitter` in [0, 1) makes it up to a
  /// fifth longer. Less than that after a failure to connect alone.
  void eject(Reason reason, Time base, double jitter, Time now);
  /// It has been ejected for long enough.
  void begin_trial() { state_ = State::on_trial; }
  /// Whether it was well or not, what was known says nothing any more.
  void forget() { *this = {}; }

  /// Of the present window.
  struct Counts {
    std::uint64_t good = 0;
    std::uint64_t bad = 0;
  };
  const Counts& counts() const { return counts_; }
  void begin_window() { counts_ = {}; }

 private:
  State state_ = State::in_use;
  Reason reason_ = Reason::failures;
  std::uint32_t failures_ = 0;  ///< in a row
  std::uint32_t connects_ = 0;  ///< failed, in a row
  bool refused_ = false;        ///< the last failure was one to connect
  std::uint32_t times_ = 0;     ///< ejected, since it was long well
  Time well_since_{0};
  Time until_{0};
  Counts counts_;
};

}  // namespace outrigger::health
