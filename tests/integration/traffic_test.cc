#include <gtest/gtest.h>

#include <memory>

#include "integration/http_connection.h"
#include "integration/load.h"
#include "integration/spine.h"

namespace outrigger::integration {
namespace {

class Traffic : public ::testing::TestWithParam<EndpointsSource> {
 protected:
  static void SetUpTestSuite() { server = std::make_unique<ApiServer>(); }
  static void TearDownTestSuite() { server.reset(); }
  static std::unique_ptr<ApiServer> server;
};
std::unique_ptr<ApiServer> Traffic::server;

using Counts = std::map<std::string, std::uint64_t>;

/// Sends `count` requests over each of `connections` new connections. Who answered how often.
Counts send_requests(const std::string& address, int connections, int count) {
  Counts answers;
  for (int i = 0; i < connections; ++i) {
    HttpConnection connection(address);
    for (int k = 0; k < count; ++k) {
      const auto answer = connection.get("/");
      if (answer) ++answers[answer->body];
    }
  }
  return answers;
}

void expect_split(const Counts& counts, const std::map<std::string, int>& weights, double picks) {
  double requests = 0;
  double total = 0;
  for (const auto& [name, count] : counts) requests += static_cast<double>(count);
  for (const auto& [name, weight] : weights) total += weight;
  for (const auto& [name, count] : counts) {
    const auto known = weights.find(name);
    ASSERT_NE(known, weights.end()) << name;
    EXPECT_NEAR(static_cast<double>(count), requests * known->second / total, picks) << name;
  }
}

TEST_P(Traffic, IsWithinOnePickOfTheWeightsOnOneWorker) {
  Spine spine(*server, GetParam());
  const std::map<std::string, int> weights{{"a", 5}, {"b", 3}, {"c", 1}};
  for (const auto& [name, weight] : weights) spine.set_weight(name, std::to_string(weight));
  spine.set_members({"a", "b", "c"});
  ASSERT_TRUE(spine.sidecar_has(weights));

  const Counts counts = send_requests(spine.address(), 1, 10'000);
  EXPECT_EQ(counts.at("a") + counts.at("b") + counts.at("c"), 10'000u);
  expect_split(counts, weights, 1);
}

TEST_P(Traffic, IsWithinOnePickOfTheWeightsOnEachOfTwoWorkers) {
  Spine spine(*server, GetParam(), 2);
  const std::map<std::string, int> weights{{"a", 5}, {"b", 3}, {"c", 1}};
  for (const auto& [name, weight] : weights) spine.set_weight(name, std::to_string(weight));
  spine.set_members({"a", "b", "c"});
  ASSERT_TRUE(spine.sidecar_has(weights));

  const Counts counts = send_requests(spine.address(), 20, 500);
  EXPECT_EQ(counts.at("a") + counts.at("b") + counts.at("c"), 10'000u);
  expect_split(counts, weights, 2);
}

TEST_P(Traffic, FollowsAWeightAnnotation) {
  Spine spine(*server, GetParam());
  spine.set_members({"a", "b"});
  ASSERT_TRUE(spine.sidecar_has({{"a", 1}, {"b", 1}}));
  expect_split(send_requests(spine.address(), 1, 100), {{"a", 1}, {"b", 1}}, 1);

  spine.set_weight("a", "9");
  ASSERT_TRUE(spine.sidecar_has({{"a", 9}, {"b", 1}}));
  expect_split(send_requests(spine.address(), 1, 100), {{"a", 9}, {"b", 1}}, 1);
}

TEST_P(Traffic, ReachesAnAddedEndpointAndAvoidsARemovedOne) {
  Spine spine(*server, GetParam());
  spine.set_members({"a", "b"});
  ASSERT_TRUE(spine.sidecar_has({{"a", 1}, {"b", 1}}));
  Load load(spine.address(), 4);
  ASSERT_TRUE(load.reaches("a") && load.reaches("b"));

  spine.set_members({"a", "b", "c"});
  EXPECT_TRUE(load.reaches("c"));
  spine.set_members({"b", "c"});
  EXPECT_TRUE(load.avoids("a"));
  EXPECT_EQ(load.stop().failures, std::vector<std::string>{});
}

TEST_P(Traffic, FinishesOnADrainingEndpointAndAvoidsItThen) {
  Spine spine(*server, GetParam());
  spine.set_members({"a", "b"});
  ASSERT_TRUE(spine.sidecar_has({{"a", 1}, {"b", 1}}));
  spine.backend("b").hold();
  Load load(spine.address(), 4);
  ASSERT_TRUE(eventually([&] { return spine.backend("b").requests() > 0; }));

  spine.set_members({"a", "b"}, "b");
  ASSERT_TRUE(spine.sidecar_has({{"a", 1}}));
  EXPECT_EQ(load.read().by_backend["b"], 0u);
  spine.backend("b").release();
  EXPECT_TRUE(eventually([&] { return load.read().by_backend["b"] > 0; }));
  EXPECT_TRUE(load.avoids("b"));
  EXPECT_EQ(load.stop().failures, std::vector<std::string>{});
}

TEST_P(Traffic, EndsWithTheServiceAndComesBackWithIt) {
  Spine spine(*server, GetParam());
  spine.set_members({"a", "b"});
  ASSERT_TRUE(spine.sidecar_has({{"a", 1}, {"b", 1}}));

  spine.objects().delete_service(spine.service());
  ASSERT_TRUE(spine.sidecar_has({}));
  HttpConnection client(spine.address());
  const auto refused = client.get("/");
  ASSERT_TRUE(refused) << refused.error().text;
  EXPECT_EQ(refused->status, 503);

  spine.objects().create_service(spine.service());
  spine.set_members({"c"});
  ASSERT_TRUE(spine.sidecar_has({{"c", 1}}));
  const auto answer = client.get("/");
  ASSERT_TRUE(answer) << answer.error().text;
  EXPECT_EQ(answer->body, "c");
}

INSTANTIATE_TEST_SUITE_P(From, Traffic, ::testing::Values(EndpointsSource::slices, EndpointsSource::endpoints),
                         [](const auto& from) { return name_of(from.param); });

}  // namespace
}  // namespace outrigger::integration
