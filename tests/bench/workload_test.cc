#include "workload.h"

#include <gtest/gtest.h>

#include <cmath>

namespace bench {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kRequests = 100'000;

double mean_ms(const ServiceTimes& times, std::uint64_t seed) {
  double sum = 0;
  for (std::uint64_t number = 0; number < kRequests; ++number) {
    sum += std::chrono::duration<double, std::milli>(times.of({seed, number})).count();
  }
  return sum / static_cast<double>(kRequests);
}

// The bounds are five standard errors.
TEST(ServiceTimes, HaveTheMeanThatWasAskedFor) {
  EXPECT_NEAR(mean_ms({2ms}, 1), 2, 5 * 2 / std::sqrt(kRequests));
  // 0.95 x 1 ms + 0.05 x 20 ms; the variance is 2 (0.95 x 1 + 0.05 x 400) - 1.95^2.
  EXPECT_NEAR(mean_ms({1ms, 0.05, 20}, 1), 1.95, 5 * std::sqrt(38.1 / kRequests));
}

TEST(ServiceTimes, AreOfTheRequestAlone) {
  const ServiceTimes times{2ms};
  EXPECT_EQ(times.of({1, 7}), times.of({1, 7}));
  EXPECT_NE(times.of({1, 7}), times.of({1, 8}));
  EXPECT_NE(times.of({1, 7}), times.of({2, 7}));
}

TEST(ServiceTimes, AreExponential) {
  std::uint64_t over_two_means = 0;
  for (std::uint64_t number = 0; number < kRequests; ++number)
    over_two_means += ServiceTimes{1ms}.of({3, number}) > 2ms;
  EXPECT_NEAR(static_cast<double>(over_two_means) / kRequests, std::exp(-2), 5 * std::sqrt(0.117 / kRequests));
}

TEST(Failures, AreTheShareThatWasAskedFor) {
  std::uint64_t failed = 0;
  for (std::uint64_t number = 0; number < kRequests; ++number) {
    failed += fails({1, number}, 0.8);
    ASSERT_TRUE(fails({1, number}, 1));
    ASSERT_FALSE(fails({1, number}, 0));
  }
  EXPECT_NEAR(static_cast<double>(failed) / kRequests, 0.8, 5 * 0.4 / std::sqrt(kRequests));
}

// Station 0 stalls in [1 s, 3 s), station 1 in [5 s, 7 s), station 0 in [9 s, 11 s), ...
constexpr Stalls kInTurn{2, 4s, 2s};

TEST(Stalls, LeaveTheOthersAlone) {
  EXPECT_EQ(kInTurn.done(1, 900ms, 500ms), 1400ms);
  EXPECT_EQ(kInTurn.done(0, -2s, 500ms), -1500ms);
  EXPECT_EQ((Stalls{2, 0s, 0s}.done(0, 2s, 500ms)), 2500ms);
}

TEST(Stalls, InterruptWhatIsUnderWay) {
  EXPECT_EQ(kInTurn.done(0, 900ms, 99ms), 999ms);
  EXPECT_EQ(kInTurn.done(0, 900ms, 500ms), 3400ms);
  EXPECT_EQ(kInTurn.done(0, -1s, 2500ms), 3500ms);
  EXPECT_EQ(kInTurn.done(0, 900ms, 7s), 11900ms) << "two of them";
}

TEST(Stalls, HoldWhatComes) {
  EXPECT_EQ(kInTurn.done(0, 1s, 10ms), 3010ms);
  EXPECT_EQ(kInTurn.done(0, 2999ms, 10ms), 3010ms);
  EXPECT_EQ(kInTurn.done(0, 3s, 10ms), 3010ms);
}

TEST(Stalls, ComeInTurn) {
  EXPECT_EQ(kInTurn.done(1, 5s, 10ms), 7010ms);
  EXPECT_EQ(kInTurn.done(0, 5s, 10ms), 5010ms);
  EXPECT_EQ(kInTurn.done(0, 10s, 10ms), 11010ms);
  EXPECT_EQ(kInTurn.done(1, 802s - 1s, 10ms), 801010ms);
  EXPECT_EQ(kInTurn.done(1, 806s, 10ms), 807010ms);
}

}  // namespace
}  // namespace bench
