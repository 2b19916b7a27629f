#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <tuple>

#include "integration/backend_process.h"
#include "integration/eventually.h"
#include "integration/file_sidecar.h"
#include "integration/load.h"

namespace outrigger::integration {
namespace {

constexpr const char* kWeb = "shop/web:80";

/// Four backends of 20 ms each, before a policy and so many workers.
class KilledBackend : public ::testing::TestWithParam<std::tuple<const char*, int>> {
 protected:
  KilledBackend() {
    for (int i = 1; i <= 4; ++i) {
      backends_.push_back(std::make_unique<BackendProcess>(fmt::format("b{}", i), fmt::format("127.0.0.1:900{}", i),
                                                           std::chrono::milliseconds(20)));
    }
  }
  FileService service(const std::string& more) const {
    FileService service{.name = kWeb, .options = fmt::format("policy: {}, {}", policy(), more), .endpoints = {}};
    for (const auto& backend : backends_) service.endpoints.push_back("address: " + backend->address());
    return service;
  }
  static const char* policy() { return std::get<0>(GetParam()); }
  static int workers() { return std::get<1>(GetParam()); }
  std::string victim() const { return backends_[0]->address(); }

  std::vector<std::unique_ptr<BackendProcess>> backends_;
};

TEST_P(KilledBackend, FailsWhatWasInsideItAndIsEjectedAndComesBackWithoutABurst) {
  // More failures than requests can be inside it, so that they are seen to be counted on over the further tries.
  constexpr int kGets = 16;
  constexpr int kPosts = 8;
  FileSidecar sidecar({.workers = workers()},
                      {service(fmt::format("outlierFailures: {}, outlierEjection: 100ms", kGets + kPosts + 1))});
  Load gets(sidecar.address(), kGets);
  Load posts(sidecar.address(), kPosts, "POST");
  const auto in_state = [&](const char* state) {
    return sidecar.metric("outrigger_backend_state", {{"backend", victim()}, {"state", state}});
  };
  const auto outcomes = [&](const char* outcome) {
    return sidecar.metric("outrigger_backend_requests_total", {{"backend", victim()}, {"outcome", outcome}});
  };
  const auto ejections = [&](const char* reason) {
    return sidecar.metric("outrigger_backend_ejections_total", {{"backend", victim()}, {"reason", reason}});
  };
  ASSERT_TRUE(gets.goes_on(1'000) && posts.goes_on(500));
  ASSERT_EQ(in_state("ready"), 1);

  backends_[0]->kill();
  // For its failures in a row once there are so many: until then each try that finds nobody takes it out for a while.
  ASSERT_TRUE(eventually([&] { return ejections("consecutive-failures") >= workers(); }));
  EXPECT_GE(ejections("connect-failure"), workers());
  EXPECT_EQ(in_state("unreachable") + in_state("ejected"), 1) << "by the last failure before";
  EXPECT_EQ(ejections("success-rate"), 0);
  const double inside = outcomes("reset");
  EXPECT_LE(inside, kGets + kPosts);
  EXPECT_GT(inside, 0);
  EXPECT_GT(outcomes("connect_failure"), 0);

  for (std::size_t i = 1; i < 4; ++i) backends_[i]->most_in_flight();
  const std::uint64_t before = gets.read().by_backend["b1"];
  backends_[0]->start();
  ASSERT_TRUE(eventually([&] { return in_state("ready") == 1; }));
  ASSERT_TRUE(eventually([&] { return gets.read().by_backend["b1"] >= before + 300; }));
  std::uint64_t others = 0;
  for (std::size_t i = 1; i < 4; ++i) others = std::max(others, backends_[i]->most_in_flight());
  EXPECT_LE(backends_[0]->most_in_flight(), others + 3);

  EXPECT_EQ(gets.stop().failures, std::vector<std::string>{}) << "a GET may be sent again";
  const auto failures = posts.stop().failures;
  EXPECT_LE(static_cast<double>(failures.size()), inside);
  for (const std::string& failure : failures) {
    EXPECT_NE(failure.find("status 502: the endpoint closed the connection"), std::string::npos) << failure;
  }
}

TEST_P(KilledBackend, IsUnreachableAsLongAsItsAnswersAreNotJudged) {
  FileSidecar sidecar({.workers = workers()}, {service("outlierFailures: 0, outlierEjection: 100ms")});
  Load load(sidecar.address(), 16);
  ASSERT_TRUE(load.goes_on());
  backends_[0]->kill();
  const auto failed = [&] {
    return sidecar.metric("outrigger_backend_requests_total", {{"backend", victim()}, {"outcome", "connect_failure"}});
  };
  ASSERT_TRUE(eventually([&] { return failed() >= 10; }));
  ASSERT_TRUE(eventually([&] {
    return sidecar.metric("outrigger_backend_state", {{"backend", victim()}, {"state", "unreachable"}}) == 1;
  }));
  EXPECT_EQ(sidecar.state(kWeb, victim()), "unreachable");
  EXPECT_EQ(sidecar.effective_weight(kWeb, victim()), 0);
  EXPECT_EQ(sidecar.metric("outrigger_backend_ejections_total", {{"reason", "consecutive-failures"}}), 0);
  backends_[0]->start();
  EXPECT_TRUE(load.reaches("b1"));
  EXPECT_TRUE(eventually([&] { return sidecar.state(kWeb, victim()) == "ready"; }));
  EXPECT_EQ(load.stop().failures, std::vector<std::string>{});
}

INSTANTIATE_TEST_SUITE_P(With, KilledBackend,
                         ::testing::Combine(::testing::Values("response-time", "least-connections"),
                                            ::testing::Values(1, 2)),
                         [](const auto& with) {
                           std::string name = fmt::format("{}_{}", std::get<0>(with.param), std::get<1>(with.param));
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace outrigger::integration
