#include <gtest/gtest.h>

#include <memory>
#include <thread>

#include "integration/load.h"
#include "integration/metrics_text.h"
#include "integration/spine.h"

namespace outrigger::integration {
namespace {

using namespace std::chrono_literals;

/// Each case leaves the server running.
class Outage : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { server = std::make_unique<ApiServer>(); }
  static void TearDownTestSuite() { server.reset(); }
  static std::unique_ptr<ApiServer> server;

  Outage() : spine_(*server, EndpointsSource::slices) {
    spine_.set_members({"a", "b"});
    if (!spine_.sidecar_has({{"a", 1}, {"b", 1}})) throw std::runtime_error("the sidecar gets no endpoints");
  }

  bool feed_connected(bool connected) {
    return eventually(
        [&] { return metric(spine_.sidecar().metrics(), "outrigger_feed_connected") == (connected ? 1.0 : 0.0); });
  }

  Spine spine_;
};
std::unique_ptr<ApiServer> Outage::server;

TEST_F(Outage, OfAKilledOperatorFailsNoRequest) {
  Load load(spine_.address(), 4);
  ASSERT_TRUE(load.goes_on());
  spine_.kill_operator();
  ASSERT_TRUE(feed_connected(false));
  EXPECT_TRUE(load.goes_on(1'000));

  spine_.start_operator();
  ASSERT_TRUE(feed_connected(true));
  spine_.set_members({"b", "c"});
  EXPECT_TRUE(load.reaches("c"));
  EXPECT_TRUE(load.avoids("a"));
  EXPECT_EQ(load.stop().failures, std::vector<std::string>{});
}

TEST_F(Outage, OfTheApiServerFor30SecondsFailsNoRequest) {
  Load load(spine_.address(), 2);
  ASSERT_TRUE(load.goes_on());
  server->kill();
  std::this_thread::sleep_for(30s);
  EXPECT_TRUE(load.goes_on());
  EXPECT_TRUE(spine_.sidecar_has({{"a", 1}, {"b", 1}}));

  server->start();
  spine_.set_members({"b", "c"});
  EXPECT_TRUE(load.reaches("c"));
  EXPECT_TRUE(load.avoids("a"));
  EXPECT_EQ(load.stop().failures, std::vector<std::string>{});
}

TEST_F(Outage, WithACompactionThatEndsTheWatchesFailsNoRequest) {
  Load load(spine_.address(), 2);
  ASSERT_TRUE(load.goes_on());
  const auto expired = [&](const char* kind) {
    return metric(spine_.feeder().metrics(), "outrigger_watch_restarts_total", {{"kind", kind}, {"reason", "expired"}})
        .value_or(0);
  };
  EXPECT_EQ(expired("EndpointSlice"), 0);
  server->kill();
  server->compact();
  server->start();
  EXPECT_TRUE(eventually([&] { return expired("EndpointSlice") >= 1 && expired("Service") >= 1; }));

  spine_.set_members({"b", "c"});
  EXPECT_TRUE(load.reaches("c"));
  EXPECT_TRUE(load.avoids("a"));
  EXPECT_EQ(load.stop().failures, std::vector<std::string>{});
}

TEST_F(Outage, OfTheOperatorLetsASidecarStartFromItsSnapshot) {
  spine_.stop_sidecar();
  spine_.stop_operator();
  spine_.start_sidecar();
  ASSERT_TRUE(spine_.sidecar_has({{"a", 1}, {"b", 1}}));
  Load load(spine_.address(), 2);
  EXPECT_TRUE(load.reaches("a") && load.reaches("b"));

  const auto age = [&] { return metric(spine_.sidecar().metrics(), "outrigger_snapshot_age_seconds").value_or(-1); };
  EXPECT_EQ(metric(spine_.sidecar().metrics(), "outrigger_feed_connected"), 0);
  const double first = age();
  EXPECT_GT(first, 0);
  EXPECT_TRUE(eventually([&] { return age() > first; }));

  spine_.start_operator();
  EXPECT_TRUE(feed_connected(true));
  EXPECT_EQ(load.stop().failures, std::vector<std::string>{});
}

}  // namespace
}  // namespace outrigger::integration
