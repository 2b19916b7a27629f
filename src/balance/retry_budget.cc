#include "balance/retry_budget.h"

#include <algorithm>
#include <numeric>

#include "result/result.h"

namespace outrigger::balance {
namespace {

constexpr std::uint64_t kRetry = 100;  // hundredths
constexpr std::int64_t kSlots = RetryBudget::kWindow.count();

std::int64_t second_of(std::chrono::milliseconds now) { return std::chrono::floor<std::chrono::seconds>(now).count(); }

/// Where a second is stored; seconds may be negative.
std::size_t slot_of(std::int64_t second) { return static_cast<std::size_t>((second % kSlots + kSlots) % kSlots); }

}  // namespace

RetryBudget::RetryBudget(std::uint32_t percent, std::chrono::milliseconds now)
    : percent_(percent), second_(second_of(now)) {
  CHECK(percent <= 100);
  stored_[slot_of(second_)] = kMinPerSecond * kRetry;
}

void RetryBudget::set_percent(std::uint32_t percent) {
  CHECK(percent <= 100);
  percent_ = percent;
}

void RetryBudget::on_request(std::chrono::milliseconds now) {
  advance(now);
  stored_[slot_of(second_)] += percent_;
}

bool RetryBudget::withdraw(std::chrono::milliseconds now) {
  advance(now);
  if (percent_ == 0 || std::accumulate(stored_.begin(), stored_.end(), std::uint64_t{0}) < kRetry) return false;
  std::uint64_t owed = kRetry;
  for (std::int64_t age = kSlots - 1; age >= 0; --age) {
    std::uint64_t& stored = stored_[slot_of(second_ - age)];
    const std::uint64_t taken = std::min(stored, owed);
    stored -= taken;
    owed -= taken;
  }
  return true;
}

void RetryBudget::advance(std::chrono::milliseconds now) {
  const std::int64_t second = second_of(now);
  // Of a longer pause only the last seconds can still count.
  for (std::int64_t next = std::max(second_ + 1, second - kSlots + 1); next <= second; ++next) {
    stored_[slot_of(next)] = kMinPerSecond * kRetry;
  }
  second_ = std::max(second_, second);
}

}  // namespace outrigger::balance
