#include <gtest/gtest.h>

#include "integration/backend.h"
#include "integration/eventually.h"
#include "integration/file_sidecar.h"
#include "integration/http_connection.h"

namespace outrigger::integration {
namespace {

constexpr const char* kWeb = "shop/web:80";

class SlowStart : public ::testing::TestWithParam<int> {
 protected:
  std::vector<FileService> services(const std::string& duration, bool with_new) const {
    FileService service{.name = kWeb,
                        .options = "policy: weighted-round-robin, slowStart: " + duration,
                        .endpoints = {"address: " + a_.address(), "address: " + b_.address()}};
    if (with_new) service.endpoints.push_back("weight: 2, address: " + new_.address());
    return {service};
  }

  Backend a_{"a", "127.0.0.1:0"};
  Backend b_{"b", "127.0.0.1:0"};
  Backend new_{"new", "127.0.0.1:0"};
};

TEST_P(SlowStart, BeginsWithATenthOfTheWeightAndEndsWithAllOfIt) {
  FileSidecar sidecar({.workers = GetParam()}, services("1h", false));
  EXPECT_EQ(sidecar.state(kWeb, a_.address()), "ready") << "those that are there at first have nothing to warm up for";
  sidecar.reload(services("1h", true));
  EXPECT_EQ(sidecar.state(kWeb, new_.address()), "warming");
  EXPECT_NEAR(sidecar.effective_weight(kWeb, new_.address()), 0.2, 1e-6);
  EXPECT_EQ(sidecar.effective_weight(kWeb, a_.address()), 1);
  HttpConnection client(sidecar.address());
  for (int i = 0; i < 220; ++i) ASSERT_EQ(client.get("/").value().status, 200);
  // Within a turn: those that were there go on where they were.
  EXPECT_NEAR(static_cast<double>(new_.requests()), 20, 1);
  EXPECT_NEAR(static_cast<double>(a_.requests()), 100, 1);

  sidecar.reload(services("2s", true));
  EXPECT_TRUE(eventually([&] { return sidecar.state(kWeb, new_.address()) == "ready"; }));
  EXPECT_EQ(sidecar.effective_weight(kWeb, new_.address()), 2);
}

INSTANTIATE_TEST_SUITE_P(Workers, SlowStart, ::testing::Values(1, 2));

}  // namespace
}  // namespace outrigger::integration
