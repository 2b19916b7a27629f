/// `outrigger status` and `version`, of real sidecars behind a real API server's proxy.
#include <gtest/gtest.h>

#include "integration/backend.h"
#include "integration/cli_cluster.h"
#include "integration/http_connection.h"
#include "integration/programs.h"

namespace outrigger::integration {
namespace {

using nlohmann::json;

TEST(CliStatus, IsWhatTheSidecarsSee) {
  CliCluster cluster;
  cluster.create_namespace("shop");
  Backend backend("a", "10.77.3.1:8080");
  const fakes::TemporaryFolder folder;
  std::vector<std::unique_ptr<Sidecar>> sidecars;
  for (const std::string number : {"1", "2"}) {
    const std::string ip = "10.77.1." + number;
    cluster.create_pod("web-5d-" + number, true, ip);
    sidecars.push_back(std::make_unique<Sidecar>(
        folder.write(number + ".yaml", "admin: " + ip +
                                           ":4191\n"
                                           "listeners: [{name: web, address: '127.0.0.1:0', service: 'shop/api:80'}]\n"
                                           "services: [{name: 'shop/api:80', endpoints: [{address: '10.77.3.1:8080'}]}"
                                           ", {name: 'shop/none:80', endpoints: []}]\n")));
  }
  // No one is there.
  cluster.create_pod("web-5d-3", true, "10.77.1.3");
  for (const auto& sidecar : sidecars) EXPECT_EQ(http_get(sidecar->address("web"), "/"), "a");

  const CliOutput all = cluster.run({"status"});
  EXPECT_EQ(all.status, 0) << all.printed;
  EXPECT_EQ(all.printed.at("sidecars").at("injected"), 3);
  EXPECT_EQ(all.printed.at("sidecars").at("read"), 2);
  EXPECT_EQ(all.printed.at("sidecars").at("notRead").at(0).at("pod"), "shop/web-5d-3");
  EXPECT_EQ(all.printed.at("services").size(), 2u) << all.printed;

  const CliOutput api = cluster.run({"status", "shop/api:80"});
  EXPECT_EQ(api.status, 0) << api.printed;
  const json& service = api.printed.at("services").at(0);
  EXPECT_EQ(service.at("requests"), 2) << service;
  EXPECT_EQ(service.at("backendsReady"), 1) << service;
  const json& shown = service.at("backends").at(0);
  EXPECT_EQ(shown.at("address"), "10.77.3.1:8080");
  EXPECT_EQ(shown.at("states"), (json{{"ready", 2}}));
  EXPECT_EQ(shown.at("tries").at("success"), 2);
  EXPECT_GT(shown.at("latencyEwmaSeconds").get<double>(), 0);

  EXPECT_EQ(cluster.run({"status", "none", "-n", "shop"}).status, 2);
  EXPECT_EQ(cluster.run({"status", "api"}).status, 2);  // not in "default"
  EXPECT_EQ(cluster.run({"status", "api", "-n", "shop", "--pod-namespace", "default"}).status, 2);

  const CliOutput version = cluster.run({"version"});
  EXPECT_EQ(version.status, 0);
  EXPECT_EQ(version.printed.at("sidecars"), (json{{OUTRIGGER_VERSION, 3}}));
}

}  // namespace
}  // namespace outrigger::integration
