#include "simulate/station.h"

#include <gtest/gtest.h>

namespace outrigger::simulate {
namespace {

Job job(std::uint32_t request, double work_ns) { return {.request = request, .attempt = 0, .work_ns = work_ns}; }

/// Lets everything end; "1@100 2@150"
std::string ends_of(Station& station) {
  std::string text;
  while (const auto end = station.next_end()) {
    text +=
        (text.empty() ? "" : " ") + std::to_string(station.finish(*end).request) + "@" + std::to_string(end->count());
  }
  return text;
}

TEST(Station, OneWorkerServesInOrder) {
  Station station(1);
  station.enter(job(1, 100), Time(0));
  station.enter(job(2, 10), Time(0));
  station.enter(job(3, 30), Time(50));
  EXPECT_EQ(station.size(), 3u);
  EXPECT_EQ(ends_of(station), "1@100 2@110 3@140");
  EXPECT_EQ(station.size(), 0u);
}

TEST(Station, WorkersServeSideBySide) {
  Station station(2);
  station.enter(job(1, 100), Time(0));
  station.enter(job(2, 10), Time(0));
  station.enter(job(3, 30), Time(0));
  EXPECT_EQ(ends_of(station), "2@10 3@40 1@100");
}

TEST(Station, WithoutWorkersNobodyWaits) {
  Station station(0);
  for (std::uint32_t i = 0; i < 3; ++i) station.enter(job(i, 100), Time(10 * i));
  EXPECT_EQ(ends_of(station), "0@100 1@110 2@120");
}

TEST(Station, WhatEndsAtOneMomentEndsInTheOrderInWhichItBegan) {
  Station station(0);
  for (std::uint32_t i = 0; i < 20; ++i) station.enter(job(i, 100), Time(0));
  for (std::uint32_t i = 0; i < 20; ++i) EXPECT_EQ(station.finish(Time(100)).request, i);
}

TEST(Station, AnotherSpeedCountsForWhatIsLeft) {
  Station station(1);
  station.enter(job(1, 100), Time(0));
  station.enter(job(2, 100), Time(0));
  station.set_speed(0.5, Time(60));
  EXPECT_EQ(ends_of(station), "1@140 2@340");
}

TEST(Station, NothingEndsWhileItStandsStill) {
  Station station(1);
  station.enter(job(1, 100), Time(0));
  station.set_speed(0, Time(40));
  EXPECT_EQ(station.next_end(), std::nullopt);
  station.enter(job(2, 10), Time(500));
  EXPECT_EQ(station.next_end(), std::nullopt);
  station.set_speed(2, Time(1'000));
  EXPECT_EQ(ends_of(station), "1@1030 2@1035");
}

TEST(Station, GivesUpAllThatIsInIt) {
  Station station(2);
  for (std::uint32_t i = 0; i < 4; ++i) station.enter(job(i, 100 - i), Time(0));
  const auto lost = station.clear(Time(50));
  ASSERT_EQ(lost.size(), 4u);
  for (std::uint32_t i = 0; i < 4; ++i) EXPECT_EQ(lost[i].request, i);
  EXPECT_EQ(station.size(), 0u);
  EXPECT_EQ(station.next_end(), std::nullopt);
  station.enter(job(9, 10), Time(60));
  EXPECT_EQ(ends_of(station), "9@70");
}

}  // namespace
}  // namespace outrigger::simulate
