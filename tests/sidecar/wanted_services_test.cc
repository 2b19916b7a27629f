#include "sidecar/wanted_services.h"

#include <gtest/gtest.h>

#include "model/related_services.h"

namespace outrigger::sidecar {
namespace {

using Services = std::set<model::ServicePort>;

model::ServicePort port_of(const std::string& name) { return {{"shop", name}, 80}; }

ListenerConfig listener(const std::string& service) {
  return {.name = service, .address = "127.0.0.1:0", .service = port_of(service)};
}

/// A set of that name with these clusters and failovers.
std::pair<const model::ServicePort, std::shared_ptr<const feed::FullSet>> set_of(
    const std::string& name, const std::vector<model::ServiceShare>& shares = {},
    const std::vector<model::ServicePort>& failover = {}) {
  const model::ServicePort service = port_of(name);
  const model::EndpointSet set{.service = service,
                               .options = {},
                               .rules = model::split_rule(service, shares),
                               .endpoints = {},
                               .failover = failover};
  return {service, std::make_shared<const feed::FullSet>(feed::FullSet{"", set})};
}

TEST(WantedServices, AreTheListenersWhileNothingIsKnown) {
  EXPECT_EQ(wanted_services({listener("web"), listener("api")}, {}, {}, {}),
            (Services{port_of("api"), port_of("web")}));
  EXPECT_EQ(
      wanted_services({{.name = "out", .address = "127.0.0.1:0", .service = {}, .transparent = true}}, {}, {}, {}),
      Services{});
  EXPECT_EQ(wanted_services({{.name = "out", .address = "127.0.0.1:0", .service = {}, .by_host = "shop"}}, {}, {}, {}),
            Services{});
}

TEST(WantedServices, AreTheClustersOfWhatIsListenedForToo) {
  const Sets feed_sets{set_of("web", {{"a", 1}, {"b", 0}}), set_of("a", {{"c", 1}})};
  EXPECT_EQ(wanted_services({listener("web")}, {}, {}, feed_sets),
            (Services{port_of("a"), port_of("b"), port_of("web")}))
      << "a cluster is its endpoints, whatever its own rules say";
}

TEST(WantedServices, AreWhatThoseInUseFailOverToButNoFurther) {
  const Sets feed_sets{set_of("web", {}, {port_of("standby")}), set_of("standby", {{"x", 1}}, {port_of("last")})};
  EXPECT_EQ(wanted_services({listener("web")}, {}, {}, feed_sets), (Services{port_of("standby"), port_of("web")}));
  EXPECT_EQ(services_in_use({listener("web")}, {}, feed_sets), Services{port_of("web")});
}

TEST(WantedServices, AreTheFailoversOfASplitsClusters) {
  const Sets feed_sets{set_of("web", {{"a", 1}}, {port_of("unused")}), set_of("a", {}, {port_of("standby")})};
  EXPECT_TRUE(wanted_services({listener("web")}, {}, {}, feed_sets).contains(port_of("standby")));
}

TEST(WantedServices, AreWhatIsDialledWithItsClustersAndFailovers) {
  const Sets feed_sets{set_of("web", {{"a", 1}}, {port_of("unused")}), set_of("a", {}, {port_of("standby")})};
  EXPECT_EQ(wanted_services({}, {port_of("web"), port_of("new")}, {}, feed_sets),
            (Services{port_of("a"), port_of("new"), port_of("standby"), port_of("unused"), port_of("web")}));
}

TEST(WantedServices, LeaveOutWhatTheFileHas) {
  const Sets file_sets{set_of("web", {{"a", 1}, {"b", 1}}, {port_of("standby")}), set_of("a", {}, {port_of("web")})};
  EXPECT_EQ(wanted_services({listener("web")}, {}, file_sets, {}), (Services{port_of("b"), port_of("standby")}));
  EXPECT_EQ(wanted_services({}, {}, file_sets, {}), (Services{port_of("b"), port_of("standby")}))
      << "transparent listeners may lead to any of the file's";
}

TEST(WantedServices, AreNotWhatSetsNameThatNobodyUses) {
  const Sets feed_sets{set_of("old", {{"a", 1}}, {port_of("b")})};
  EXPECT_EQ(wanted_services({listener("web")}, {}, {}, feed_sets), Services{port_of("web")});
}

}  // namespace
}  // namespace outrigger::sidecar
