/// A real API server that hangs, or is made to answer with what it answers seldom. What it does when it is killed, and
/// when its history is compacted, is in outage_test.cc.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <thread>

#include "integration/fault_proxy.h"
#include "integration/load.h"
#include "integration/metrics_text.h"
#include "integration/spine.h"

namespace outrigger::integration {
namespace {

using namespace std::chrono_literals;

constexpr const char* kSlices = "/apis/discovery.k8s.io/v1/endpointslices";
constexpr const char* kServices = "/api/v1/services";

/// Each case leaves the server running.
class ApiFaults : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { server = std::make_unique<ApiServer>(); }
  static void TearDownTestSuite() { server.reset(); }
  static std::unique_ptr<ApiServer> server;

  ApiFaults() {
    spine_.set_members({"a", "b"});
    if (!spine_.sidecar_has({{"a", 1}, {"b", 1}})) throw std::runtime_error("the sidecar gets no endpoints");
    // A list and a watch of each.
    if (!eventually([this] { return proxy_.requests(kSlices) == 2 && proxy_.requests(kServices) == 2; })) {
      throw std::runtime_error("the operator does not watch");
    }
    load_ = std::make_unique<Load>(spine_.address(), 2);
  }

  /// After a change that was made while the fault lasted, and one more.
  void expect_all_is_well() {
    EXPECT_TRUE(spine_.sidecar_has_what_the_api_has());
    EXPECT_TRUE(load_->avoids("a"));
    spine_.set_members({"c"});
    EXPECT_TRUE(spine_.sidecar_has_what_the_api_has());
    EXPECT_TRUE(load_->avoids("b"));
    EXPECT_TRUE(load_->reaches("c"));
    EXPECT_EQ(load_->stop().failures, std::vector<std::string>{});
    EXPECT_EQ(metric(spine_.sidecar().metrics(), "outrigger_feed_connected"), 1);
    EXPECT_EQ(std::ranges::count_if(spine_.sidecar().program().lines(),
                                    [](const std::string& line) { return line.find("feed connected") != line.npos; }),
              1)
        << "the feed was interrupted";
  }
  double watches_begun_anew(const char* kind) {
    return metric(spine_.feeder().metrics(), "outrigger_watch_restarts_total", {{"kind", kind}}).value_or(0);
  }

  FaultProxy proxy_;
  Spine spine_{*server, EndpointsSource::slices, 1, proxy_.kubeconfig()};
  std::unique_ptr<Load> load_;
};
std::unique_ptr<ApiServer> ApiFaults::server;

TEST_F(ApiFaults, AServerThatHangsIsNotNoticedByAnybody) {
  server->stop(true);
  std::this_thread::sleep_for(1min);
  EXPECT_TRUE(load_->goes_on());
  server->stop(false);
  spine_.set_members({"b"});
  expect_all_is_well();
}

TEST_F(ApiFaults, AConnectionThatIsSilentDeliversLater) {
  proxy_.hang(true);
  spine_.set_members({"b"});
  std::this_thread::sleep_for(1s);
  EXPECT_TRUE(load_->goes_on());
  EXPECT_TRUE(spine_.sidecar_has({{"a", 1}, {"b", 1}})) << "with what it has";
  proxy_.hang(false);
  expect_all_is_well();
}

TEST_F(ApiFaults, RefusalsAreMetWithPatience) {
  proxy_.answer(429, "Retry-After: 1\r\n");
  proxy_.cut_watches();
  spine_.set_members({"b"});
  spine_.objects().annotate_service(spine_.service(), {{"outrigger.dev/policy", "round-robin"}});
  ASSERT_TRUE(
      eventually([&] { return watches_begun_anew("EndpointSlice") >= 1 && watches_begun_anew("Service") >= 1; }));
  const std::map<const char*, int> before{{kSlices, proxy_.requests(kSlices)}, {kServices, proxy_.requests(kServices)}};
  const auto begun = std::chrono::steady_clock::now();
  std::this_thread::sleep_for(2500ms);
  proxy_.answer(500);
  std::this_thread::sleep_for(2500ms);
  for (const auto& [path, count] : before) {
    EXPECT_GT(proxy_.requests(path), count) << path;
    // About one a second, for as long as it has really been.
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(std::chrono::steady_clock::now() - begun).count();
    EXPECT_LE(proxy_.requests(path), count + 2 + static_cast<int>(seconds)) << path;
  }
  EXPECT_TRUE(load_->goes_on());
  proxy_.answer(0);
  expect_all_is_well();
}

TEST_F(ApiFaults, AWatchThatIsCutInTheMidstOfALineGoesOnFromTheLineBefore) {
  for (const std::vector<std::string>& members : {std::vector<std::string>{"a", "b", "c"}, {"b", "c"}, {"b"}}) {
    const int before = proxy_.requests(kSlices);
    proxy_.cut_watches();
    spine_.set_members(members);
    EXPECT_TRUE(spine_.sidecar_has_what_the_api_has());
    EXPECT_EQ(proxy_.requests(kSlices), before + 1) << "one more watch, and no list";
  }
  expect_all_is_well();
}

TEST_F(ApiFaults, AnObjectOfAMebibyteAndAnEventOfAnUnknownTypeKeepNothingFromArriving) {
  const std::string version = spine_.objects().version_of(spine_.service());
  const nlohmann::json huge{{"apiVersion", "v1"},
                            {"kind", "Service"},
                            {"metadata",
                             {{"namespace", spine_.service().ns},
                              {"name", "huge"},
                              {"uid", "huge"},
                              {"resourceVersion", version},
                              {"annotations", {{"example.com/huge", std::string(1 << 20, 'x')}}}}},
                            {"spec", {{"clusterIP", "10.96.7.7"}, {"ports", {{{"port", 80}, {"protocol", "TCP"}}}}}}};
  const double services = metric(spine_.feeder().metrics(), "outrigger_services").value_or(0);
  proxy_.inject(kServices, nlohmann::json{{"type", "ADDED"}, {"object", huge}}.dump());
  EXPECT_TRUE(
      eventually([&] { return metric(spine_.feeder().metrics(), "outrigger_services").value_or(0) == services + 1; }));
  EXPECT_EQ(watches_begun_anew("Service"), 0);

  proxy_.inject(kSlices, R"({"type":"SURPRISE","object":{"kind":"Thing","metadata":{"resourceVersion":"1"}}})");
  ASSERT_TRUE(eventually([&] { return watches_begun_anew("EndpointSlice") >= 1; }));
  spine_.set_members({"b"});
  expect_all_is_well();
  EXPECT_LE(watches_begun_anew("EndpointSlice"), 2);
}

}  // namespace
}  // namespace outrigger::integration
