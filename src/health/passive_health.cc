#include "health/passive_health.h"

#include <algorithm>
#include <array>

namespace outrigger::health {

std::string_view reason_text(Reason reason) {
  static constexpr std::array<std::string_view, kReasons> kTexts = {"connect-failure", "consecutive-failures",
                                                                    "success-rate"};
  return kTexts.at(static_cast<std::size_t>(reason));
}

bool PassiveHealth::succeed(Time now) {
  ++counts_.good;
  failures_ = 0;
  connects_ = 0;
  if (state_ == State::in_use) {
    refused_ = false;
    return false;
  }
  // While ejected for its success rate or its failures, one that was under way before says little.
  if (state_ == State::ejected && reason_ != Reason::connect_failure) return false;
  state_ = State::in_use;
  refused_ = false;
  well_since_ = now;
  return true;
}

std::optional<Reason> PassiveHealth::fail(bool to_connect, std::uint32_t limit) {
  ++counts_.bad;
  ++failures_;
  if (to_connect) ++connects_;
  if (state_ == State::ejected) return std::nullopt;
  refused_ = to_connect;
  if (limit > 0 && failures_ >= limit) return Reason::failures;
  if (to_connect) return Reason::connect_failure;
  if (state_ == State::on_trial) return reason_;
  return std::nullopt;
}

void PassiveHealth::eject(Reason reason, Time base, double jitter, Time now) {
  constexpr std::uint32_t kDoublings = 20;
  Time length = base;
  if (reason == Reason::connect_failure) {
    length = std::min<Time>(base, Time(kFirstReconnect) * (1 << std::min(connects_ - 1, kDoublings)));
  } else {
    // Each ejection's length without another takes one of them back.
    if (base > Time(0) && state_ == State::in_use) {
      const auto calm = std::clamp<Time::rep>((now - well_since_) / base, 0, times_);
      times_ -= static_cast<std::uint32_t>(calm);
    }
    times_ = std::min(times_ + 1, kLongest);
    length = base * times_;
  }
  state_ = State::ejected;
  reason_ = reason;
  until_ = now + length + Time(static_cast<Time::rep>(static_cast<double>(length.count()) * jitter / 5));
}

}  // namespace outrigger::health
