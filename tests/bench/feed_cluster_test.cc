#include "feed_cluster.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

namespace bench {
namespace {

using nlohmann::json;
namespace kube = outrigger::kube;

/// As the operator reads it.
kube::Object read(Kind kind, const json& object) {
  auto read = kube::parse_object(kind, object);
  EXPECT_TRUE(read) << (read ? "" : read.error().text);
  return *read;
}

Digest digest_of_slice(const json& object) {
  const auto group = std::get<kube::SliceGroup>(read(Kind::endpoint_slice, object).value);
  Digest digest = 0;
  for (const auto& endpoint : group.slices.at(0).endpoints)
    digest += digest_of(*address_of(endpoint.addresses.at(0) + ":8080"));
  return digest;
}

TEST(FeedCluster, ListsEveryObjectOnceInPagesOfOneVersion) {
  FeedCluster cluster(25, 3, 1);
  for (const auto& [kind, count] : {std::pair{Kind::service, 25u}, std::pair{Kind::endpoint_slice, 25u},
                                    std::pair{Kind::pod, 75u}, std::pair{Kind::node, 100u}}) {
    std::set<std::string> names;
    std::size_t from = 0;
    do {
      const json page = json::parse(cluster.page(kind, from, 7, 10));
      EXPECT_EQ(page["metadata"]["resourceVersion"], "7");
      for (const json& item : page["items"]) EXPECT_TRUE(names.insert(read(kind, item).key.text()).second);
      const std::string rest = page["metadata"].value("continue", "");
      from = rest.empty() ? 0 : std::stoul(rest);
      EXPECT_TRUE(rest.empty() || rest.ends_with(".7")) << rest;
    } while (from > 0);
    EXPECT_EQ(names.size(), count);
  }
}

TEST(FeedCluster, HasNoTwoStepsOfAServiceWithTheSameEndpoints) {
  FeedCluster cluster(5, 3, 2);
  std::vector<std::set<Digest>> seen(5);
  for (std::size_t service = 0; service < 5; ++service) seen[service].insert(cluster.digest(service));
  std::vector<std::uint32_t> steps(5);
  std::size_t removals = 0;
  for (int i = 0; i < 1'000; ++i) {
    const auto [step, events] = cluster.change(4);
    ASSERT_EQ(step.number, ++steps[step.service]);
    ASSERT_TRUE(seen[step.service].insert(cluster.digest(step.service)).second);
    ASSERT_EQ(cluster.step_with(step.service, cluster.digest(step.service)), step.number);
    ASSERT_EQ(events.size(), 2u);
    const json pod = json::parse(events[0].line);
    EXPECT_EQ(pod["type"], step.removal ? "DELETED" : "ADDED");
    read(events[0].kind, pod["object"]);
    const json slice = json::parse(events[1].line);
    EXPECT_EQ(digest_of_slice(slice["object"]), cluster.digest(step.service));
    removals += step.removal ? 1 : 0;
  }
  EXPECT_EQ(removals, 502u);
}

TEST(FeedCluster, ForgetsStepsThatNobodyCanBeBehind) {
  FeedCluster cluster(1, 3, 3);
  const Digest first = cluster.digest(0);
  EXPECT_EQ(cluster.step_with(0, first), 0u);
  for (std::size_t i = 0; i < FeedCluster::kRemembered; ++i) cluster.change(1);
  EXPECT_EQ(cluster.step_with(0, first), std::nullopt);
  EXPECT_EQ(cluster.step_of(0), FeedCluster::kRemembered);
}

TEST(FeedCluster, RepeatsItselfFromItsSeed) {
  FeedCluster one(10, 3, 4);
  FeedCluster other(10, 3, 4);
  for (int i = 0; i < 100; ++i) ASSERT_EQ(one.change(5).second.at(1).line, other.change(5).second.at(1).line);
}

TEST(FeedCluster, KnowsItsServicesByName) {
  EXPECT_EQ(FeedCluster::name_of(12), "bench/s00012:80");
  EXPECT_EQ(FeedCluster::service_of("bench/s00012:80"), 12u);
  EXPECT_EQ(FeedCluster::service_of("shop/web:80"), std::nullopt);
}

}  // namespace
}  // namespace bench
