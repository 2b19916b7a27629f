#include "latencies.h"

#include <gtest/gtest.h>

namespace bench {
namespace {

TEST(Latencies, PercentilesAreOfAllRequests) {
  Latencies latencies;
  for (int i = 1001; i > 0; --i) latencies.add_good(i);
  EXPECT_EQ(latencies.json(), R"({"answered": 1001, "failed": 0, "p50_us": 501.0, "p99_us": 991.0, "p999_us": 1000.0, )"
                              R"("good_p99_us": 991.0})"
                              "\n");
}

TEST(Latencies, WhatFailedTookLongest) {
  Latencies latencies;
  for (int i = 1; i <= 99; ++i) latencies.add_good(i);
  latencies.add_failed();
  latencies.add_failed();
  EXPECT_EQ(latencies.json(), R"({"answered": 99, "failed": 2, "p50_us": 51.0, "p99_us": null, "p999_us": null, )"
                              R"("good_p99_us": 98.0})"
                              "\n");
}

TEST(Latencies, WhatWasGivenUpTookAsLongAsItWasWaitedFor) {
  Latencies latencies;
  latencies.add_good(7);
  latencies.add_given_up(9);
  latencies.add_given_up(8);
  EXPECT_EQ(latencies.json(), R"({"answered": 1, "failed": 2, "p50_us": 8.0, "p99_us": 8.0, "p999_us": 8.0, )"
                              R"("good_p99_us": 7.0})"
                              "\n");
}

TEST(Latencies, OfNothingThereAreNone) {
  EXPECT_EQ(Latencies{}.json(), R"({"answered": 0, "failed": 0, "p50_us": null, "p99_us": null, "p999_us": null, )"
                                R"("good_p99_us": null})"
                                "\n");
}

}  // namespace
}  // namespace bench
