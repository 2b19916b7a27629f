#include "kube/liveness.h"

#include <gtest/gtest.h>

namespace outrigger::kube {
namespace {

using namespace std::chrono_literals;

TEST(Liveness, EndsWhenMoreThanWhatWasSaidAndTheSlackHavePassed) {
  Liveness liveness;
  EXPECT_TRUE(liveness.alive());
  liveness.expect_within(-Liveness::kSlack);
  EXPECT_FALSE(liveness.alive());
  liveness.expect_within(1h);
  EXPECT_TRUE(liveness.alive());
}

}  // namespace
}  // namespace outrigger::kube
