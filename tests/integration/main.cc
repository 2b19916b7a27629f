#include <gtest/gtest.h>

#include "integration/backend_process.h"
#include "integration/network.h"

int main(int argc, char** argv) {
  if (outrigger::integration::is_backend(argc, argv)) return outrigger::integration::run_backend(argv);
  outrigger::integration::enter_own_network(argv);
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
