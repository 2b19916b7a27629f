#include <gtest/gtest.h>

#include "integration/backend.h"
#include "integration/eventually.h"
#include "integration/file_sidecar.h"
#include "integration/load.h"

namespace outrigger::integration {
namespace {

constexpr const char* kWeb = "shop/web:80";
constexpr const char* kCheck =
    "healthCheck: 'http:/healthz', healthCheckInterval: 100ms, healthCheckUnhealthyThreshold: 2";

class HealthChecks : public ::testing::TestWithParam<int> {
 protected:
  double in_state(const Backend& backend, const char* state) {
    return sidecar_.metric("outrigger_backend_state", {{"backend", backend.address()}, {"state", state}});
  }

  Backend a_{"a", "127.0.0.1:9001"};
  Backend b_{"b", "127.0.0.1:9002"};
  Backend unused_{"unused", "127.0.0.1:9003"};
  FileSidecar sidecar_{
      {.workers = GetParam()},
      {{.name = kWeb, .options = kCheck, .endpoints = {"address: 127.0.0.1:9001", "address: 127.0.0.1:9002"}},
       {.name = "shop/other:80", .options = kCheck, .endpoints = {"address: 127.0.0.1:9003"}}}};
};

TEST_P(HealthChecks, TakeOutWhoFailsThemHoweverWellItServes) {
  EXPECT_EQ(a_.checks(), 0u) << "nothing is checked that is not used";
  Load load(sidecar_.address(), 16);
  ASSERT_TRUE(load.reaches("a") && load.reaches("b"));
  ASSERT_TRUE(eventually([&] { return a_.checks() >= 3 && b_.checks() >= 3; }));
  EXPECT_EQ(in_state(a_, "ready"), 1);

  a_.answer_checks(503);
  ASSERT_TRUE(eventually([&] { return in_state(a_, "unhealthy") == 1; }));
  EXPECT_EQ(sidecar_.state(kWeb, a_.address()), "unhealthy");
  EXPECT_EQ(sidecar_.effective_weight(kWeb, a_.address()), 0);
  EXPECT_TRUE(load.avoids("a"));

  a_.answer_checks(200);
  EXPECT_TRUE(eventually([&] { return in_state(a_, "ready") == 1; }));
  EXPECT_TRUE(load.reaches("a"));
  EXPECT_EQ(unused_.checks(), 0u);
  EXPECT_EQ(sidecar_.metric("outrigger_backend_ejections_total"), 0);
  EXPECT_EQ(load.stop().failures, std::vector<std::string>{});
}

TEST_P(HealthChecks, ThatAllFailLeaveAllInUse) {
  Load load(sidecar_.address(), 16);
  a_.answer_checks(503);
  b_.answer_checks(500);
  ASSERT_TRUE(eventually([&] { return in_state(a_, "unhealthy") == 1 && in_state(b_, "unhealthy") == 1; }));
  EXPECT_TRUE(eventually([&] { return sidecar_.metric("outrigger_panic", {{"service", kWeb}}) == 1; }));
  EXPECT_TRUE(load.reaches("a") && load.reaches("b"));
  a_.answer_checks(200);
  b_.answer_checks(200);
  EXPECT_TRUE(eventually([&] { return sidecar_.metric("outrigger_panic", {{"service", kWeb}}) == 0; }));
  EXPECT_EQ(load.stop().failures, std::vector<std::string>{});
}

INSTANTIATE_TEST_SUITE_P(Workers, HealthChecks, ::testing::Values(1, 2));

}  // namespace
}  // namespace outrigger::integration
