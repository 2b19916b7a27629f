#include "sidecar/backends_page.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "proxy.h"

namespace outrigger::sidecar::test {
namespace {

using balance::Standing;
using nlohmann::json;

const model::ServicePort kOther{{"shop", "other"}, 80};

/// kWeb with two endpoints, as two workers see them; kOther is not known.
class BackendsPage : public ::testing::Test {
 protected:
  BackendsPage() {
    model::EndpointSet set{.service = kWeb, .options = {}, .rules = model::own_cluster_rule(kWeb), .endpoints = {}};
    set.options.policy = model::PolicyKind::least_connections;
    set.endpoints = {endpoint("10.0.0.1:80", 3), endpoint("10.0.0.2:80", 1)};
    set.endpoints[0].zone = "z1";
    set.endpoints[0].pod = "web-1";
    set.endpoints[1].tier = 2;
    set.endpoints[1].draining = true;
    tables_.build({{kWeb, std::make_shared<const feed::FullSet>(feed::FullSet{"v7", set})}, {kOther, nullptr}});
    for (BackendCells& cells : first().cells) cells.standing.set(static_cast<std::int64_t>(Standing::ready));
  }

  const RoutingTable& table() const { return *tables_.current(); }
  BackendMetrics& first() { return *table().at(kWeb).backends[0]; }
  /// What is shown of kWeb.
  json web() const {
    const json all = json::parse(backends_json(table(), ""));
    for (const json& service : all.at("services")) {
      if (service.at("service") == kWeb.text()) return service;
    }
    return {};
  }
  std::string line_with(const std::string& part) const {
    const std::string text = backends_table(table(), "");
    const std::size_t at = text.find(part);
    if (at == std::string::npos) return {};
    const std::size_t start = text.rfind('\n', at) + 1;
    return text.substr(start, text.find('\n', at) - start);
  }

  TableBuilder tables_{2};
};

TEST_F(BackendsPage, AddsUpWhatTheWorkersSee) {
  first().cells[0].in_flight.set(3);
  first().cells[1].in_flight.set(4);
  first().cells[0].counts_for.set(3'000'000);
  first().cells[1].counts_for.set(1'500'000);
  first().cells[1].latency_ns.set(5'000'000);  // the other has had no answer yet
  first().cells[0].ejections[0].add(2);
  first().cells[1].ejections[0].add(1);
  first().cells[1].ejections[2].add(1);
  const json backends = web().at("backends");
  EXPECT_EQ(backends.at(0), json::parse(R"({"address": "10.0.0.1:80", "weight": 3, "effective_weight": 2.25, "tier": 0,
      "zone": "z1", "pod": "web-1", "draining": false, "state": "ready", "in_flight": 7, "ewma_seconds": 0.005,
      "ejections": {"connect-failure": 3, "consecutive-failures": 0, "success-rate": 1}})"));
  EXPECT_EQ(backends.at(1).at("tier"), 2);
  EXPECT_EQ(backends.at(1).at("draining"), true);
  EXPECT_EQ(backends.at(1).at("ewma_seconds"), 0);
  const std::string line = line_with("10.0.0.1:80");
  for (const char* part : {"ready", " 2.25 ", " z1 ", " 7 ", "5.000", "3 connect-failure, 1 success-rate"}) {
    EXPECT_NE(line.find(part), std::string::npos) << part << " in " << line;
  }
  EXPECT_TRUE(line_with("10.0.0.2:80").ends_with("  -")) << "no ejections";
}

TEST_F(BackendsPage, ShowsTheStateThatMostWorkersSeeAndTheWorseOfTwo) {
  EXPECT_EQ(web().at("backends").at(0).at("state"), "ready");
  first().cells[1].standing.set(static_cast<std::int64_t>(Standing::ejected));
  EXPECT_EQ(web().at("backends").at(0).at("state"), "ejected");
  const BackendState state = state_of(first());
  EXPECT_EQ(state.standings[static_cast<std::size_t>(Standing::ejected)], 0.5);
  EXPECT_EQ(state.standings[static_cast<std::size_t>(Standing::ready)], 0.5);
}

TEST_F(BackendsPage, ShowsWhatIsKnownOfTheServices) {
  EXPECT_EQ(web().at("version"), "v7");
  EXPECT_EQ(web().at("policy"), "least-connections");
  EXPECT_EQ(web().at("panic"), false);
  const json all = json::parse(backends_json(table(), "z1"));
  EXPECT_EQ(all.at("zone"), "z1");
  EXPECT_EQ(all.at("services").size(), 2u);
  EXPECT_FALSE(json::parse(backends_json(table(), "")).contains("zone"));
  EXPECT_EQ(line_with(kOther.text()), kOther.text() + "  not known");
  EXPECT_TRUE(backends_table(table(), "z1").starts_with("zone z1\n"));
}

TEST_F(BackendsPage, SaysThatAnyWorkerIsInAPanic) {
  EXPECT_EQ(line_with(kWeb.text()).find("PANIC"), std::string::npos);
  table().at(kWeb).metrics->cells[1].panic.set(1);
  EXPECT_EQ(web().at("panic"), true);
  EXPECT_NE(line_with(kWeb.text()).find("PANIC"), std::string::npos);
}

}  // namespace
}  // namespace outrigger::sidecar::test
