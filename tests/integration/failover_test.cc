#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <tuple>

#include "integration/backend.h"
#include "integration/backend_process.h"
#include "integration/eventually.h"
#include "integration/file_sidecar.h"
#include "integration/load.h"
#include "integration/metrics_text.h"

namespace outrigger::integration {
namespace {

using std::chrono::steady_clock;

constexpr const char* kWeb = "shop/web:80";
constexpr const char* kStandby = "shop/standby:80";
constexpr auto kDelay = std::chrono::seconds(2);
constexpr const char* kOptions = "failbackDelay: 2s, outlierEjection: 500ms";

using Counts = std::map<std::string, int>;

/// Who answers so many requests, one after the other, each on a connection of its own; "" are failures.
Counts answers(const std::string& address, int requests) {
  Counts counts;
  for (int i = 0; i < requests; ++i) {
    const auto answer = HttpConnection(address).get("/");
    ++counts[answer && answer->status == 200 ? answer->body : ""];
  }
  return counts;
}

double tries(FileSidecar& sidecar, const std::string& backend, const char* outcome) {
  return sidecar.metric("outrigger_backend_requests_total", {{"backend", backend}, {"outcome", outcome}});
}

double ejections(FileSidecar& sidecar, const std::string& backend) {
  return sidecar.metric("outrigger_backend_ejections_total", {{"backend", backend}});
}

/// Of an endpoint whose weight is 1, with the same labels in one reading of /metrics.
struct Reading {
  double successes;
  double effective_weight;
};
Reading read(FileSidecar& sidecar, const std::string& backend) {
  const std::string text = sidecar.metrics();
  return {
      .successes =
          metric(text, "outrigger_backend_requests_total", {{"backend", backend}, {"outcome", "success"}}).value_or(0),
      .effective_weight = metric(text, "outrigger_backend_effective_weight", {{"backend", backend}}).value_or(0)};
}

/// Its backend has just been started: it is tried once a worker, and gets its traffic back when it has been well for
/// the delay.
void expect_failback(FileSidecar& sidecar, const std::string& backend, int workers, steady_clock::time_point started) {
  const double before = read(sidecar, backend).successes;
  ASSERT_TRUE(eventually([&] {
    const Reading now = read(sidecar, backend);
    if (now.effective_weight == 0) {
      EXPECT_LE(now.successes - before, workers);
    }
    return now.effective_weight == 1;
  }));
  EXPECT_GE(steady_clock::now() - started, kDelay);
}

class Tiers : public ::testing::TestWithParam<int> {
 protected:
  static std::vector<FileService> services() {
    return {{.name = kWeb,
             .options = kOptions,
             .endpoints = {"address: 127.0.0.1:9001", "address: 127.0.0.1:9002, tier: 1",
                           "address: 127.0.0.1:9003, tier: 1"}}};
  }
  BackendProcess first_{"first", "127.0.0.1:9001"};
  Backend second_{"second", "127.0.0.1:9002"};
  Backend third_{"third", "127.0.0.1:9003"};
};

TEST_P(Tiers, AreLostWithinOneFailedTryAWorkerAndComeBackAfterTheDelay) {
  const int workers = GetParam();
  FileSidecar sidecar({.workers = workers}, services());
  EXPECT_EQ(answers(sidecar.address(), 32), (Counts{{"first", 32}}));
  EXPECT_EQ(read(sidecar, first_.address()).effective_weight, 1);
  EXPECT_EQ(read(sidecar, second_.address()).effective_weight, 0);

  const auto killed = steady_clock::now();
  first_.kill();
  Counts after = answers(sidecar.address(), 64);
  EXPECT_EQ(after["second"] + after["third"], 64);
  const double failed = tries(sidecar, first_.address(), "connect_failure");
  // It is tried again half a second later, then after a whole one at the earliest.
  const std::chrono::duration<double> since = steady_clock::now() - killed;
  EXPECT_GE(failed, 1);
  EXPECT_LE(failed, workers * (1 + since.count() / 0.5));
  EXPECT_EQ(failed, ejections(sidecar, first_.address())) << "each failed try takes it out";
  EXPECT_EQ(sidecar.state(kWeb, first_.address()), "unreachable");

  Load load(sidecar.address(), 16);
  ASSERT_TRUE(eventually([&] { return read(sidecar, first_.address()).effective_weight == 0; }));
  for (const Backend* backend : {&second_, &third_}) {
    EXPECT_EQ(read(sidecar, backend->address()).effective_weight, 1);
    EXPECT_GT(read(sidecar, backend->address()).successes, 0);
  }
  const auto started = steady_clock::now();
  first_.start();
  expect_failback(sidecar, first_.address(), workers, started);
  EXPECT_TRUE(load.avoids("second") && load.avoids("third") && load.reaches("first"));
  EXPECT_EQ(read(sidecar, second_.address()).effective_weight, 0);
  EXPECT_EQ(load.stop().failures, std::vector<std::string>{});
}

TEST_P(Tiers, OfTcpAreLostAndComeBackAfterTheDelay) {
  const int workers = GetParam();
  FileSidecar sidecar({.workers = workers, .protocol = "tcp"}, services());
  EXPECT_EQ(answers(sidecar.address(), 32), (Counts{{"first", 32}}));
  first_.kill();
  Counts after = answers(sidecar.address(), 64);
  EXPECT_EQ(after["second"] + after["third"], 64);
  EXPECT_EQ(tries(sidecar, first_.address(), "connect_failure"), ejections(sidecar, first_.address()));
  const auto started = steady_clock::now();
  first_.start();
  EXPECT_TRUE(eventually([&] {
    Counts counts = answers(sidecar.address(), 20);
    EXPECT_EQ(counts[""], 0);
    return counts["first"] == 20;
  }));
  EXPECT_GE(steady_clock::now() - started, kDelay);
}

INSTANTIATE_TEST_SUITE_P(Workers, Tiers, ::testing::Values(1, 2));

class Failover : public ::testing::TestWithParam<std::tuple<const char*, int>> {
 protected:
  static const char* mode() { return std::get<0>(GetParam()); }
  static int workers() { return std::get<1>(GetParam()); }
  static std::vector<FileService> services() {
    return {{.name = kWeb,
             .options = fmt::format("failover: shop/standby, failoverMode: {}, {}", mode(), kOptions),
             .endpoints = {"address: 127.0.0.1:9001", "address: 127.0.0.1:9002"}},
            {.name = kStandby, .options = "", .endpoints = {"address: 127.0.0.1:9003"}}};
  }
  BackendProcess a_{"a", "127.0.0.1:9001"};
  BackendProcess b_{"b", "127.0.0.1:9002"};
  Backend standby_{"standby", "127.0.0.1:9003"};
};

TEST_P(Failover, ToAnotherServiceCarriesWhatTheFirstCannot) {
  FileSidecar sidecar({.workers = workers()}, services());
  Load load(sidecar.address(), 16);
  ASSERT_TRUE(load.goes_on());
  EXPECT_EQ(standby_.requests(), 0u);

  a_.kill();
  if (std::string_view(mode()) == "spill") {
    EXPECT_TRUE(load.reaches("standby"));
    // Of two endpoints that have half of the load each, one is trusted with 0.7 of it.
    EXPECT_TRUE(eventually([&] { return std::abs(read(sidecar, b_.address()).effective_weight - 0.7) < 1e-6; }));
  } else {
    EXPECT_TRUE(eventually([&] { return read(sidecar, a_.address()).effective_weight == 0; }));
    EXPECT_TRUE(load.goes_on(500));
    EXPECT_EQ(standby_.requests(), 0u);
  }
  b_.kill();
  EXPECT_TRUE(eventually([&] {
    return read(sidecar, a_.address()).effective_weight == 0 && read(sidecar, b_.address()).effective_weight == 0;
  }));
  EXPECT_TRUE(load.avoids("b"));
  EXPECT_TRUE(load.reaches("standby"));
  EXPECT_EQ(sidecar.metric("outrigger_panic"), 0);
  EXPECT_EQ(read(sidecar, standby_.address()).effective_weight, 1);

  const auto started = steady_clock::now();
  a_.start();
  b_.start();
  expect_failback(sidecar, a_.address(), workers(), started);
  EXPECT_TRUE(load.avoids("standby") && load.reaches("a") && load.reaches("b"));
  EXPECT_EQ(load.stop().failures, std::vector<std::string>{});
}

TEST_P(Failover, LosesNoGetWhenAllEndpointsAreKilledAtOnce) {
  FileSidecar sidecar({.workers = workers()}, services());
  Load load(sidecar.address(), 16);
  ASSERT_TRUE(load.goes_on(400));
  a_.kill();
  b_.kill();
  EXPECT_TRUE(load.reaches("standby") && load.goes_on());
  EXPECT_EQ(load.stop().failures, std::vector<std::string>{});
}

TEST_P(Failover, OfTcpToAnotherService) {
  FileSidecar sidecar({.workers = workers(), .protocol = "tcp"}, services());
  Counts before = answers(sidecar.address(), 32);
  EXPECT_EQ(before["a"] + before["b"], 32);
  a_.kill();
  b_.kill();
  EXPECT_TRUE(eventually([&] {
    Counts counts = answers(sidecar.address(), 20);
    EXPECT_EQ(counts[""], 0);
    return counts["standby"] == 20;
  }));
  const auto started = steady_clock::now();
  a_.start();
  b_.start();
  EXPECT_TRUE(eventually([&] {
    Counts counts = answers(sidecar.address(), 20);
    EXPECT_EQ(counts[""], 0);
    return counts["a"] + counts["b"] == 20;
  }));
  EXPECT_GE(steady_clock::now() - started, kDelay);
}

INSTANTIATE_TEST_SUITE_P(As, Failover,
                         ::testing::Combine(::testing::Values("spill", "strict"), ::testing::Values(1, 2)),
                         [](const auto& as) {
                           return fmt::format("{}_{}", std::get<0>(as.param), std::get<1>(as.param));
                         });

}  // namespace
}  // namespace outrigger::integration
