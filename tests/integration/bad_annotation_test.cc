#include <gtest/gtest.h>

#include "integration/load.h"
#include "integration/metrics_text.h"
#include "integration/spine.h"

namespace outrigger::integration {
namespace {

TEST(BadAnnotation, BecomesAnEventAndAMetricAndTrafficGoesOn) {
  ApiServer server;
  Spine spine(server, EndpointsSource::slices);
  spine.set_members({"a", "b"});
  ASSERT_TRUE(spine.sidecar_has({{"a", 1}, {"b", 1}}));
  Load load(spine.address(), 2);
  ASSERT_TRUE(load.goes_on());
  const auto invalid = [&] { return metric(spine.feeder().metrics(), "outrigger_invalid_annotations"); };
  EXPECT_EQ(invalid(), 0);

  spine.objects().annotate_service(spine.service(), {{"outrigger.dev/policy", "fastest"}});
  EXPECT_TRUE(eventually([&] { return invalid() == 1; }));
  // The API server, too, may have something to say of a Service: of its ClusterIP, just after its own start.
  std::vector<nlohmann::json> events;
  const auto ours = [&] {
    events = spine.objects().events_about(spine.service());
    std::erase_if(events, [](const nlohmann::json& event) { return event.at("reason") != "InvalidAnnotation"; });
    return !events.empty();
  };
  ASSERT_TRUE(eventually(ours));
  EXPECT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].at("type"), "Warning");
  const std::string message = events[0].at("message");
  for (const char* part : {"outrigger.dev/policy", "'fastest'", "allowed", "weighted-round-robin"}) {
    EXPECT_NE(message.find(part), std::string::npos) << message;
  }

  EXPECT_TRUE(load.goes_on());
  spine.set_members({"b", "c"});
  EXPECT_TRUE(load.reaches("c"));
  EXPECT_TRUE(load.avoids("a"));

  spine.objects().annotate_service(spine.service(), {{"outrigger.dev/policy", "round-robin"}});
  EXPECT_TRUE(eventually([&] { return invalid() == 0; }));
  spine.set_weight("b", "1001");
  EXPECT_TRUE(eventually([&] { return invalid() == 1; }));
  EXPECT_TRUE(spine.sidecar_has({{"b", 1}, {"c", 1}}));
  EXPECT_EQ(load.stop().failures, std::vector<std::string>{});
}

}  // namespace
}  // namespace outrigger::integration
