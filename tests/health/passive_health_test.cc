#include "health/passive_health.h"

#include <gtest/gtest.h>

namespace outrigger::health {
namespace {

using namespace std::chrono_literals;
using State = PassiveHealth::State;

TEST(PassiveHealth, EjectsAfterSoManyFailuresInARowAndNoSooner) {
  PassiveHealth health;
  for (int i = 0; i < 4; ++i) EXPECT_EQ(health.fail(false, 5), std::nullopt);
  health.succeed(0s);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(health.fail(false, 5), std::nullopt);
  EXPECT_EQ(health.fail(false, 5), Reason::failures);
}

TEST(PassiveHealth, NoNumberOfFailuresEjectsWhereNoneIsAskedFor) {
  PassiveHealth health;
  for (int i = 0; i < 1'000; ++i) ASSERT_EQ(health.fail(false, 0), std::nullopt);
}

TEST(PassiveHealth, OneFailureToConnectIsReasonEnoughAndFailuresInARowAreAStrongerOne) {
  PassiveHealth health;
  EXPECT_EQ(health.fail(true, 5), Reason::connect_failure);
  for (int i = 0; i < 3; ++i) health.fail(true, 5);
  EXPECT_EQ(health.fail(true, 5), Reason::failures);
}

TEST(PassiveHealth, IsUnreachableWhateverTheReasonIfItTookNoConnectionTheLastTime) {
  PassiveHealth health;
  for (int i = 0; i < 4; ++i) health.fail(false, 5);
  EXPECT_EQ(health.fail(true, 5), Reason::failures);
  EXPECT_TRUE(health.is_unreachable());
  health.eject(Reason::failures, 30s, 0, 0s);
  health.succeed(1s);
  EXPECT_TRUE(health.is_unreachable()) << "what was under way before says little";
  health.begin_trial();
  health.fail(false, 5);
  EXPECT_FALSE(health.is_unreachable());
}

TEST(PassiveHealth, IsTriedAgainSoonAndThenSlowerAfterFailuresToConnect) {
  PassiveHealth health;
  for (const Time expected : {500ms, 1'000ms, 2'000ms, 4'000ms, 8'000ms, 16'000ms, 30'000ms, 30'000ms}) {
    health.fail(true, 0);
    health.eject(Reason::connect_failure, 30s, 0, 100s);
    EXPECT_EQ(health.until(), 100s + expected);
    health.begin_trial();
  }
  EXPECT_TRUE(health.succeed(200s));
  health.fail(true, 0);
  health.eject(Reason::connect_failure, 30s, 0, 300s);
  EXPECT_EQ(health.until(), 300'500ms);
}

TEST(PassiveHealth, EjectionsGrowWhileTheyFollowEachOtherAndShrinkAgainInCalm) {
  PassiveHealth health;
  Time now = 0s;
  for (int times : {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10, 10}) {
    health.eject(Reason::failures, 30s, 0, now);
    EXPECT_EQ(health.until() - now, times * 30s);
    now = health.until();
    health.begin_trial();
    EXPECT_TRUE(health.succeed(now));
    EXPECT_EQ(health.state(), State::in_use);
  }
  now += 4 * 30s;
  health.eject(Reason::failures, 30s, 0, now);
  EXPECT_EQ(health.until() - now, 7 * 30s);
  health.begin_trial();
  EXPECT_TRUE(health.succeed(now));
  now -= 30s;
  health.eject(Reason::failures, 30s, 0, now);
  EXPECT_EQ(health.until() - now, 8 * 30s) << "time that goes back is no calm";
}

TEST(PassiveHealth, IsEjectedUpToAFifthLonger) {
  PassiveHealth health;
  health.eject(Reason::failures, 30s, 0.5, 0s);
  EXPECT_EQ(health.until(), 33s);
}

TEST(PassiveHealth, OnTrialOneRequestDecides) {
  PassiveHealth health;
  health.eject(Reason::success_rate, 30s, 0, 0s);
  health.begin_trial();
  EXPECT_EQ(health.fail(false, 5), Reason::success_rate);
  health.eject(Reason::success_rate, 30s, 0, 31s);
  EXPECT_EQ(health.until(), 91s);
  health.begin_trial();
  EXPECT_TRUE(health.succeed(92s));
  EXPECT_EQ(health.state(), State::in_use);
}

TEST(PassiveHealth, WhatWasUnderWayBeforeAnEjectionDoesNotEndItUnlessItWasForConnecting) {
  PassiveHealth health;
  health.eject(Reason::failures, 30s, 0, 0s);
  EXPECT_FALSE(health.succeed(1s));
  EXPECT_EQ(health.fail(false, 1), std::nullopt);
  EXPECT_EQ(health.state(), State::ejected);
  PassiveHealth other;
  other.fail(true, 5);
  other.eject(Reason::connect_failure, 30s, 0, 0s);
  EXPECT_TRUE(other.succeed(1s));
  EXPECT_EQ(other.state(), State::in_use);
}

TEST(PassiveHealth, SaysItsReasons) {
  EXPECT_EQ(reason_text(Reason::connect_failure), "connect-failure");
  EXPECT_EQ(reason_text(Reason::failures), "consecutive-failures");
  EXPECT_EQ(reason_text(Reason::success_rate), "success-rate");
}

}  // namespace
}  // namespace outrigger::health
