#include "operator/work_queue.h"

#include <gtest/gtest.h>

#include "operator/objects.h"

namespace outrigger::op {
namespace {

TEST(WorkQueue, GivesEachServiceOnceInTheOrderOfTheirFirstComing) {
  WorkQueue queue;
  for (const char* name : {"web", "api", "web", "db", "api"}) queue.add({"shop", name}, at(1));
  EXPECT_EQ(queue.depth(), 3u);
  for (const char* name : {"web", "api", "db"}) EXPECT_EQ(queue.take()->service.name, name);
  EXPECT_FALSE(queue.take());
}

TEST(WorkQueue, KeepsTheEarliestTimeOfAService) {
  WorkQueue queue;
  for (const int time : {5, 3, 9}) queue.add({"shop", "web"}, at(time));
  EXPECT_EQ(queue.take()->read_at, at(3));
}

TEST(WorkQueue, TakesAServiceAgainOnceItWasTaken) {
  WorkQueue queue;
  queue.add({"shop", "web"}, at(1));
  queue.take();
  queue.add({"shop", "web"}, at(7));
  EXPECT_EQ(queue.depth(), 1u);
  EXPECT_EQ(queue.take()->read_at, at(7));
}

}  // namespace
}  // namespace outrigger::op
