#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <tuple>

#include "integration/backend.h"
#include "integration/eventually.h"
#include "integration/file_sidecar.h"
#include "integration/load.h"

namespace outrigger::integration {
namespace {

constexpr const char* kWeb = "shop/web:80";
constexpr int kClients = 16;
/// In a row. Few: response-time hardly asks again who has just failed, so that more of them take minutes.
constexpr int kFailures = 2;

std::string test_name(const ::testing::TestParamInfo<std::tuple<const char*, int>>& with) {
  std::string name = fmt::format("{}_{}", std::get<0>(with.param), std::get<1>(with.param));
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

/// Four backends of 5 ms each, of which some answer badly.
class BadAnswers : public ::testing::TestWithParam<std::tuple<const char*, int>> {
 protected:
  BadAnswers() {
    for (const char* name : {"a", "b", "c", "d"}) {
      backends_.push_back(std::make_unique<Backend>(name, "127.0.0.1:0"));
      backends_.back()->take(std::chrono::milliseconds(5));
    }
  }
  static const char* policy() { return std::get<0>(GetParam()); }
  static int workers() { return std::get<1>(GetParam()); }
  void start(const std::string& more) {
    FileService service{.name = kWeb, .options = fmt::format("policy: {}, {}", policy(), more), .endpoints = {}};
    for (const auto& backend : backends_) service.endpoints.push_back("address: " + backend->address());
    sidecar_ = std::make_unique<FileSidecar>(FileSettings{.workers = workers()}, std::vector{service});
  }
  /// The part of the workers that see backend `i` so.
  double in_state(std::size_t i, const char* state) {
    return sidecar_->metric("outrigger_backend_state", {{"backend", backends_[i]->address()}, {"state", state}});
  }
  double ejections(std::size_t i, const char* reason) {
    return sidecar_->metric("outrigger_backend_ejections_total",
                            {{"backend", backends_[i]->address()}, {"reason", reason}});
  }

  std::vector<std::unique_ptr<Backend>> backends_;
  std::unique_ptr<FileSidecar> sidecar_;
};

TEST_P(BadAnswers, OfOneThatFailsAllReachFewClientsUntilItIsEjected) {
  start(fmt::format("outlierFailures: {}, outlierEjection: 1h", kFailures));
  Load load(sidecar_->address(), kClients);
  ASSERT_TRUE(load.goes_on(500));
  backends_[0]->answer(503);
  ASSERT_TRUE(eventually([&] { return in_state(0, "ejected") == 1; }));
  EXPECT_EQ(ejections(0, "consecutive-failures"), workers());
  EXPECT_EQ(sidecar_->effective_weight(kWeb, backends_[0]->address()), 0);
  EXPECT_TRUE(load.avoids("a"));
  const auto failures = load.stop().failures;
  EXPECT_GE(failures.size(), static_cast<std::size_t>(workers() * kFailures));
  EXPECT_LE(failures.size(), static_cast<std::size_t>(workers() * kFailures + kClients));
  EXPECT_EQ(sidecar_->metric("outrigger_panic"), 0);
}

TEST_P(BadAnswers, OfOneThatFailsAllCostOneFailureATrialAndEndWithIt) {
  start(fmt::format("outlierFailures: {}, outlierEjection: 200ms", kFailures));
  Load load(sidecar_->address(), kClients);
  ASSERT_TRUE(load.goes_on(500));
  backends_[0]->answer(503);
  ASSERT_TRUE(eventually([&] { return ejections(0, "consecutive-failures") >= 3 * workers(); }));
  backends_[0]->answer(200);
  ASSERT_TRUE(eventually([&] { return in_state(0, "ready") == 1; }));
  EXPECT_TRUE(load.reaches("a"));
  const double ejected = ejections(0, "consecutive-failures");
  // The first ejection of each worker may follow several failures and what else was under way; each other is one's.
  EXPECT_LE(static_cast<double>(load.stop().failures.size()), ejected + (kFailures - 1) * workers() + kClients);
}

INSTANTIATE_TEST_SUITE_P(With, BadAnswers,
                         ::testing::Combine(::testing::Values("response-time", "least-connections"),
                                            ::testing::Values(1, 2)),
                         test_name);

/// By policies that ask again who has just failed.
using AskedAgain = BadAnswers;

TEST_P(AskedAgain, AreEjectedForTheirRateWhenHalfOfThemAreBad) {
  // Two workers see a random half of the answers each, with runs of any length.
  start("outlierFailures: 1000, outlierWindow: 1s, outlierEjection: 1h");
  backends_[0]->answer(503, 2);
  Load load(sidecar_->address(), kClients);
  ASSERT_TRUE(eventually([&] { return in_state(0, "ejected") == 1; }));
  EXPECT_EQ(ejections(0, "success-rate"), workers());
  EXPECT_EQ(ejections(0, "consecutive-failures"), 0);
  EXPECT_TRUE(load.avoids("a"));
  for (std::size_t i = 1; i < 4; ++i) EXPECT_EQ(in_state(i, "ready"), 1);
}

TEST_P(AskedAgain, MakeAPanicInWhichAllAreUsedWhenMostFail) {
  start("outlierFailures: 3, outlierEjection: 500ms, outlierMaxPercent: 100");
  Load load(sidecar_->address(), kClients);
  ASSERT_TRUE(load.goes_on(500));
  EXPECT_EQ(sidecar_->metric("outrigger_panic"), 0);
  for (std::size_t i = 0; i < 3; ++i) backends_[i]->answer(503);
  ASSERT_TRUE(eventually([&] { return sidecar_->metric("outrigger_panic") == 1; }));
  for (const auto& backend : backends_) {
    const std::uint64_t before = backend->requests();
    EXPECT_TRUE(eventually([&] { return backend->requests() >= before + 20; })) << backend->name();
  }
  for (std::size_t i = 0; i < 3; ++i) backends_[i]->answer(200);
  EXPECT_TRUE(eventually([&] { return sidecar_->metric("outrigger_panic") == 0; }));
  for (std::size_t i = 0; i < 4; ++i) EXPECT_TRUE(eventually([&] { return in_state(i, "ready") == 1; }));
  const std::size_t failed = load.read().failures.size();
  EXPECT_TRUE(load.goes_on(500));
  EXPECT_EQ(load.stop().failures.size(), failed);
}

INSTANTIATE_TEST_SUITE_P(With, AskedAgain,
                         ::testing::Combine(::testing::Values("least-connections", "round-robin"),
                                            ::testing::Values(1, 2)),
                         test_name);

}  // namespace
}  // namespace outrigger::integration
