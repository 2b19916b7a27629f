#include "balance/retry_budget.h"

#include <gtest/gtest.h>

#include <iostream>
#include <map>
#include <random>

namespace outrigger::balance {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr unsigned kMin = RetryBudget::kMinPerSecond;

unsigned withdraw_all(RetryBudget& budget, milliseconds now) {
  unsigned taken = 0;
  while (budget.withdraw(now)) ++taken;
  return taken;
}

TEST(RetryBudget, LetsLittleTrafficRetryAtOnce) {
  RetryBudget budget(20, 5s);
  EXPECT_EQ(withdraw_all(budget, 5s), kMin);
  EXPECT_FALSE(budget.withdraw(5'999ms));
  EXPECT_EQ(withdraw_all(budget, 6s), kMin);
}

TEST(RetryBudget, GivesAShareOfTheRequestsBeyondTheMinimum) {
  RetryBudget budget(20, 0s);
  for (int i = 0; i < 1'000; ++i) budget.on_request(0s);
  EXPECT_EQ(withdraw_all(budget, 0s), 200 + kMin);
}

TEST(RetryBudget, KeepsPartsOfARetry) {
  RetryBudget budget(1, 0s);
  withdraw_all(budget, 0s);
  for (int i = 0; i < 99; ++i) budget.on_request(0s);
  EXPECT_FALSE(budget.withdraw(0s));
  budget.on_request(0s);
  EXPECT_TRUE(budget.withdraw(0s));
  EXPECT_FALSE(budget.withdraw(0s));
}

TEST(RetryBudget, OfNothingNeverGives) {
  RetryBudget budget(0, 0s);
  for (int i = 0; i < 1'000; ++i) budget.on_request(milliseconds(i));
  EXPECT_FALSE(budget.withdraw(1s));
  EXPECT_FALSE(budget.withdraw(24h));
}

TEST(RetryBudget, ForgetsWhatIsTenSecondsOld) {
  RetryBudget budget(100, 0s);
  for (int i = 0; i < 500; ++i) budget.on_request(999ms);
  RetryBudget later = budget;
  EXPECT_EQ(withdraw_all(budget, 9'999ms), 500 + 10 * kMin);
  EXPECT_EQ(withdraw_all(later, 10s), 10 * kMin);
}

TEST(RetryBudget, AfterAnyCalmHasTheMinimumOfTenSeconds) {
  for (const milliseconds calm : {milliseconds(11s), milliseconds(1min), milliseconds(24h * 365)}) {
    RetryBudget budget(100, 3s);
    for (int i = 0; i < 500; ++i) budget.on_request(3s);
    EXPECT_EQ(withdraw_all(budget, 3s + calm), 10 * kMin) << calm.count();
  }
}

TEST(RetryBudget, ThatWasUsedUpGoesOnAtTheShare) {
  RetryBudget budget(20, 0s);
  for (int second = 0; second < 60; ++second) {
    for (int i = 0; i < 100; ++i) budget.on_request(std::chrono::seconds(second));
    EXPECT_EQ(withdraw_all(budget, std::chrono::seconds(second)), 20 + kMin) << second;
  }
}

TEST(RetryBudget, KeepsItsBalanceOverAChangeOfTheShare) {
  RetryBudget budget(100, 0s);
  for (int i = 0; i < 50; ++i) budget.on_request(0s);
  budget.set_percent(0);
  EXPECT_FALSE(budget.withdraw(0s));
  budget.set_percent(10);
  for (int i = 0; i < 50; ++i) budget.on_request(0s);
  EXPECT_EQ(withdraw_all(budget, 0s), 50 + 5 + kMin);
}

TEST(RetryBudget, TakesATimeThatGoesBackForTheLastOne) {
  RetryBudget budget(20, 100s);
  withdraw_all(budget, 100s);
  EXPECT_FALSE(budget.withdraw(0s));
  for (int i = 0; i < 5; ++i) budget.on_request(50s);
  EXPECT_EQ(withdraw_all(budget, 109s), 1 + 9 * kMin);
}

/// Tokens in a list of their own for each second, and no array to wrap around in.
class NaiveBudget {
 public:
  NaiveBudget(unsigned percent, std::int64_t second) : percent_(percent), begun_(second - 1) { begin(second); }
  void set_percent(unsigned percent) { percent_ = percent; }
  void on_request(std::int64_t second) {
    begin(second);
    tokens_[second] += percent_;
  }
  bool withdraw(std::int64_t second) {
    begin(second);
    unsigned sum = 0;
    for (const auto& [at, hundredths] : tokens_) sum += hundredths;
    if (percent_ == 0 || sum < 100) return false;
    for (unsigned i = 0; i < 100; ++i) {
      while (tokens_.begin()->second == 0) tokens_.erase(tokens_.begin());
      --tokens_.begin()->second;
    }
    return true;
  }

 private:
  void begin(std::int64_t second) {
    while (begun_ < second) tokens_[++begun_] += 100 * kMin;
    while (!tokens_.empty() && tokens_.begin()->first <= second - 10) tokens_.erase(tokens_.begin());
  }

  unsigned percent_;
  std::int64_t begun_;
  std::map<std::int64_t, unsigned> tokens_;
};

TEST(RetryBudgetProperty, IsWhatTheNaiveOneIsAndNeverMoreThanPromised) {
  const unsigned seed = std::random_device{}();
  std::cout << "seed " << seed << '\n';
  std::mt19937 random(seed);
  const auto below = [&](unsigned bound) { return static_cast<unsigned>(random()) % bound; };
  for (int round = 0; round < 200; ++round) {
    SCOPED_TRACE(testing::Message() << "seed " << seed << " round " << round);
    // From before and after zero.
    milliseconds now(static_cast<int>(below(100'000)) - 50'000);
    const auto second = [&] { return std::chrono::floor<std::chrono::seconds>(now).count(); };
    unsigned percent = below(101);
    RetryBudget budget(percent, now);
    NaiveBudget naive(percent, second());
    const std::int64_t first = second();
    std::uint64_t earned = 0, taken = 0;
    for (int step = 0; step < 2'000; ++step) {
      const unsigned what = below(100);
      if (what < 60) {
        budget.on_request(now);
        naive.on_request(second());
        earned += percent;
      } else if (what < 90) {
        const bool given = budget.withdraw(now);
        ASSERT_EQ(given, naive.withdraw(second()));
        taken += given ? 100 : 0;
        ASSERT_LE(taken, earned + 100 * kMin * static_cast<std::uint64_t>(second() - first + 1));
      } else if (what < 99) {
        now += milliseconds(below(2'000));
      } else if (below(4) == 0) {
        now += milliseconds(below(60'000));
      } else {
        percent = below(3) == 0 ? 0 : below(101);
        budget.set_percent(percent);
        naive.set_percent(percent);
      }
    }
  }
}

}  // namespace
}  // namespace outrigger::balance
