#include <gtest/gtest.h>

#include <cmath>

#include "integration/backend.h"
#include "integration/backend_process.h"
#include "integration/eventually.h"
#include "integration/file_sidecar.h"
#include "integration/load.h"

namespace outrigger::integration {
namespace {

constexpr const char* kWeb = "shop/web:80";

/// Two backends in the sidecar's zone, two in another.
class Zones : public ::testing::TestWithParam<int> {
 protected:
  static std::vector<FileService> services(const std::string& rule) {
    return {{.name = kWeb,
             .options = "outlierEjection: 500ms, failbackDelay: 0ms, zoneAware: " + rule,
             .endpoints = {"address: 127.0.0.1:9001, zone: here", "address: 127.0.0.1:9002, zone: here",
                           "address: 127.0.0.1:9003, zone: there", "address: 127.0.0.1:9004, zone: there"}}};
  }
  static FileSettings settings() { return {.workers = GetParam(), .zone = "here"}; }
  static bool has_weight(FileSidecar& sidecar, const std::string& address, double weight) {
    return eventually([&] { return std::abs(sidecar.effective_weight(kWeb, address) - weight) < 1e-6; });
  }

  BackendProcess a_{"a", "127.0.0.1:9001"};
  BackendProcess b_{"b", "127.0.0.1:9002"};
  Backend c_{"c", "127.0.0.1:9003"};
  Backend d_{"d", "127.0.0.1:9004"};
};

TEST_P(Zones, ArePreferredAndSpillWhatTheyCannotCarry) {
  FileSidecar sidecar(settings(), services("prefer"));
  Load load(sidecar.address(), 16);
  ASSERT_TRUE(load.goes_on(500));
  EXPECT_EQ(c_.requests() + d_.requests(), 0u);

  a_.kill();
  // One of this zone's two is trusted with 1.4 times its quarter, which of two zones is 0.7 of a zone's load.
  EXPECT_TRUE(has_weight(sidecar, b_.address(), 0.7));
  EXPECT_TRUE(has_weight(sidecar, c_.address(), 0.3));
  EXPECT_TRUE(load.reaches("b") && load.reaches("c") && load.reaches("d"));
  b_.kill();
  EXPECT_TRUE(has_weight(sidecar, c_.address(), 1));
  EXPECT_TRUE(load.avoids("b"));

  a_.start();
  b_.start();
  EXPECT_TRUE(has_weight(sidecar, a_.address(), 1));
  EXPECT_TRUE(has_weight(sidecar, c_.address(), 0));
  EXPECT_TRUE(load.avoids("c") && load.avoids("d"));
  EXPECT_EQ(load.stop().failures, std::vector<std::string>{});
}

TEST_P(Zones, ThatAreStrictAreNeverLeft) {
  FileSidecar sidecar(settings(), services("strict"));
  Load load(sidecar.address(), 16);
  ASSERT_TRUE(load.goes_on(500));
  a_.kill();
  EXPECT_TRUE(has_weight(sidecar, a_.address(), 0));
  EXPECT_TRUE(load.goes_on(500));
  EXPECT_EQ(load.read().failures, std::vector<std::string>{});
  b_.kill();
  EXPECT_TRUE(eventually([&] { return load.read().failures.size() > 20; }));
  a_.start();
  EXPECT_TRUE(load.reaches("a"));
  EXPECT_EQ(c_.requests() + d_.requests(), 0u);
}

INSTANTIATE_TEST_SUITE_P(Workers, Zones, ::testing::Values(1, 2));

}  // namespace
}  // namespace outrigger::integration
