#include "integration/api_server.h"

#include <gtest/gtest.h>

#include "integration/cluster_objects.h"

namespace outrigger::integration {
namespace {

TEST(ApiServer, KeepsObjectsWhenKilledAndStartedAgain) {
  ApiServer server;
  ClusterObjects objects(server.kubeconfig(), EndpointsSource::slices);
  const model::ObjectKey web{"shop", "web"};
  objects.create_namespace("shop");
  objects.create_service(web);
  objects.put_pod({"shop", "web-1"}, {{"outrigger.dev/weight", "5"}});
  objects.put_pod({"shop", "web-1"}, {{"outrigger.dev/weight", "6"}});
  objects.set_members(web, {{.ip = "10.77.1.1", .pod = "web-1"}, {.ip = "10.77.1.2", .draining = true}});
  ClusterObjects legacy(server.kubeconfig(), EndpointsSource::endpoints);
  legacy.set_members(web, {{.ip = "10.77.1.1", .pod = "web-1"}, {.ip = "10.77.1.2", .draining = true}});
  legacy.set_members(web, {});

  server.kill();
  EXPECT_THROW(objects.events_about(web), std::runtime_error);
  server.compact();
  server.start();
  EXPECT_NO_THROW(objects.events_about(web));
  objects.set_members(web, {});
  EXPECT_THROW(objects.create_service(web), std::runtime_error);
}

TEST(ApiServer, RefusesAWatchAndAListFromBeforeACompaction) {
  ApiServer server;
  kube::RequestCounts counts;
  kube::Client client(*kube::load_kubeconfig(server.kubeconfig()), counts);
  const auto list = client.get("/api/v1/services");
  ASSERT_TRUE(list && list->status == 200);
  const std::string version = nlohmann::json::parse(list->body).at("metadata").at("resourceVersion");
  const std::string exactly = "/api/v1/services?resourceVersionMatch=Exact&resourceVersion=" + version;
  ClusterObjects(server.kubeconfig(), EndpointsSource::slices).create_namespace("later");
  const auto again = client.get(exactly);
  ASSERT_TRUE(again && again->status == 200);
  EXPECT_EQ(nlohmann::json::parse(again->body).at("metadata").at("resourceVersion"), version);

  server.kill();
  server.compact();
  server.start();
  const auto watch = client.get("/api/v1/services?watch=true&timeoutSeconds=1&resourceVersion=" + version);
  ASSERT_TRUE(watch);
  EXPECT_NE(watch->body.find(R"("code":410)"), std::string::npos) << watch->body;
  EXPECT_EQ(client.get(exactly)->status, 410);
}

TEST(ApiServer, TellsThatAPodHasFinishedAsItsDeletionToWhoAsksForOthers) {
  ApiServer server;
  ClusterObjects objects(server.kubeconfig(), EndpointsSource::slices);
  objects.create_namespace("shop");
  objects.put_pod({"shop", "job"}, {});
  kube::RequestCounts counts;
  kube::Client client(*kube::load_kubeconfig(server.kubeconfig()), counts);
  const std::string unfinished = "/api/v1/pods?fieldSelector=status.phase%21%3DSucceeded%2Cstatus.phase%21%3DFailed";
  const auto list = client.get(unfinished, "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1");
  ASSERT_TRUE(list && list->status == 200);
  const auto before = nlohmann::json::parse(list->body);
  EXPECT_EQ(before.at("kind"), "PartialObjectMetadataList");
  EXPECT_EQ(before.at("items").size(), 1u);

  ASSERT_EQ(
      client.merge_patch("/api/v1/namespaces/shop/pods/job/status", R"({"status":{"phase":"Succeeded"}})")->status,
      200);
  const auto watch = client.get(unfinished + "&watch=true&timeoutSeconds=1&resourceVersion=" +
                                    before.at("metadata").at("resourceVersion").get<std::string>(),
                                "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1");
  ASSERT_TRUE(watch && watch->status == 200);
  EXPECT_EQ(nlohmann::json::parse(watch->body).at("type"), "DELETED") << watch->body;
}

}  // namespace
}  // namespace outrigger::integration
