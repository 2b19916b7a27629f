#include "simulate/event_queue.h"

#include <gtest/gtest.h>

#include <vector>

namespace outrigger::simulate {
namespace {

TEST(EventQueue, GivesTheSoonestFirst) {
  EventQueue queue;
  for (const int at : {5, 1, 4, 2, 3}) queue.push(Time(at), Event::Kind::arrival);
  for (int at = 1; at <= 5; ++at) EXPECT_EQ(queue.pop().at, Time(at));
  EXPECT_TRUE(queue.empty());
}

TEST(EventQueue, KeepsTheOrderOfOneMoment) {
  EventQueue queue;
  for (std::uint32_t i = 0; i < 100; ++i) queue.push(Time(i % 2), Event::Kind::finish, i);
  std::vector<std::uint32_t> subjects;
  while (!queue.empty()) subjects.push_back(queue.pop().subject);
  for (std::uint32_t i = 0; i < 50; ++i) {
    EXPECT_EQ(subjects[i], 2 * i);
    EXPECT_EQ(subjects[50 + i], 2 * i + 1);
  }
}

}  // namespace
}  // namespace outrigger::simulate
