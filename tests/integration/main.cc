#include <gtest/gtest.h>

#include "integration/network.h"

int main(int argc, char** argv) {
  outrigger::integration::enter_own_network(argv);
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
