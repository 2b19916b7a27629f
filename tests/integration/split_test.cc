#include <gtest/gtest.h>

#include "integration/backend.h"
#include "integration/backend_process.h"
#include "integration/eventually.h"
#include "integration/file_sidecar.h"
#include "integration/http_connection.h"
#include "integration/load.h"

namespace outrigger::integration {
namespace {

constexpr const char* kV2 = "shop/web-v2:80";

using Counts = std::map<std::string, int>;

Counts answers(const std::string& address, int requests) {
  HttpConnection connection(address);
  Counts counts;
  for (int i = 0; i < requests; ++i) {
    const auto answer = connection.get("/");
    ++counts[answer && answer->status == 200 ? answer->body : ""];
  }
  return counts;
}

std::vector<FileService> services(const std::vector<std::string>& v1, const std::vector<std::string>& v2) {
  return {{.name = "shop/web:80", .options = "weights: 'web-v1=90,web-v2=10'", .endpoints = {}},
          {.name = "shop/web-v1:80", .options = "policy: round-robin", .endpoints = v1},
          {.name = kV2, .options = "policy: weighted-round-robin, outlierEjection: 500ms", .endpoints = v2}};
}
const std::vector<std::string> kV1 = {"address: 127.0.0.1:9001, weight: 7", "address: 127.0.0.1:9002"};
const std::vector<std::string> kBothOfV2 = {"address: 127.0.0.1:9003, weight: 3", "address: 127.0.0.1:9004"};

TEST(Split, IsExactWithAPolicyOfItsOwnOnEachSide) {
  Backend a("a", "127.0.0.1:9001"), b("b", "127.0.0.1:9002"), c("c", "127.0.0.1:9003"), d("d", "127.0.0.1:9004");
  FileSidecar sidecar({}, services(kV1, kBothOfV2));
  EXPECT_EQ(answers(sidecar.address(), 1'000), (Counts{{"a", 450}, {"b", 450}, {"c", 75}, {"d", 25}}));
  // Counted when the last answer has been sent.
  EXPECT_TRUE(eventually([&] {
    return sidecar.metric("outrigger_requests_total", {{"service", "shop/web:80"}, {"code", "200"}}) == 1'000;
  }));
  EXPECT_EQ(sidecar.metric("outrigger_backend_requests_total", {{"service", kV2}}), 100);
}

TEST(Split, GivesTheShareOfASideWithoutEndpointsToTheOthers) {
  Backend a("a", "127.0.0.1:9001"), b("b", "127.0.0.1:9002"), c("c", "127.0.0.1:9003"), d("d", "127.0.0.1:9004");
  FileSidecar sidecar({}, services(kV1, {}));
  EXPECT_EQ(answers(sidecar.address(), 1'000), (Counts{{"a", 500}, {"b", 500}}));
  sidecar.reload(services({}, kBothOfV2));
  EXPECT_EQ(answers(sidecar.address(), 1'000), (Counts{{"c", 750}, {"d", 250}}));
  sidecar.reload(services(kV1, kBothOfV2));
  EXPECT_EQ(answers(sidecar.address(), 1'000), (Counts{{"a", 450}, {"b", 450}, {"c", 75}, {"d", 25}}));
}

TEST(Split, GivesTheShareOfASideThatIsDeadToTheOthersUntilItIsBack) {
  Backend a("a", "127.0.0.1:9001"), b("b", "127.0.0.1:9002");
  BackendProcess c("c", "127.0.0.1:9003"), d("d", "127.0.0.1:9004");
  FileSidecar sidecar({}, services(kV1, kBothOfV2));
  Load load(sidecar.address(), 4);
  ASSERT_TRUE(load.reaches("c") && load.reaches("d"));
  c.kill();
  EXPECT_TRUE(load.goes_on()) << "or what was inside both would have no third try";
  d.kill();
  EXPECT_TRUE(eventually(
      [&] { return sidecar.state(kV2, c.address()) != "ready" && sidecar.state(kV2, d.address()) != "ready"; }));
  EXPECT_TRUE(load.goes_on(1'000));
  c.start();
  d.start();
  EXPECT_TRUE(load.reaches("c") && load.reaches("d"));
  EXPECT_EQ(load.stop().failures, std::vector<std::string>{});
}

}  // namespace
}  // namespace outrigger::integration
