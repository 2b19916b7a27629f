#pragma once
#include <array>
#include <chrono>
#include <cstdint>

namespace outrigger::balance {

/// Bounds retries to a share of the requests, so that endpoints in trouble are not drowned in them: Finagle's
/// RetryBudget (finagle.github.io/blog/2016/02/08/retry-budgets), with its figures. Each request stores percent/100 of
/// a retry, each second kMinPerSecond retries, for those who send little; what is not used within kWindow expires, so
/// that a calm, however long, stores no more than the requests of its last ten seconds did.
///
/// Owned by one worker, so it needs no lock. `now`: since any one moment; where it goes back, it counts as what it was.
class RetryBudget {
 public:
  static constexpr std::uint32_t kMinPerSecond = 10;
  static constexpr std::chrono::seconds kWindow{10};

  /// Requires a percentage of 0–100; 0: no retry, ever.
  RetryBudget(std::uint32_t percent, std::chrono::milliseconds now);

  /// From now on; what is stored stays.
  void set_percent(std::uint32_t percent);

  /// A request, not one of its retries. O(1) amortized.
  void on_request(std::chrono::milliseconds now);
  /// Takes one retry, the oldest first; false: there is none. O(kWindow).
  bool withdraw(std::chrono::milliseconds now);

 private:
  void advance(std::chrono::milliseconds now);

  std::uint32_t percent_;
  std::int64_t second_;
  /// What was stored in each of the last seconds and is not used, in hundredths of a retry; by second modulo kWindow.
  std::array<std::uint64_t, kWindow.count()> stored_{};
};

}  // namespace outrigger::balance
