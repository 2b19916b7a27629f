#include "sidecar/worker_count.h"

#include <gtest/gtest.h>

#include "fakes/certificates.h"
#include "sidecar/config.h"

namespace outrigger::sidecar {
namespace {

std::uint32_t with_v2(const std::string& cpu_max) {
  const fakes::TemporaryFolder root;
  root.write("cpu.max", cpu_max);
  return worker_count(root.path().string());
}

std::uint32_t with_v1(const std::string& quota, const std::string& period) {
  const fakes::TemporaryFolder root;
  std::filesystem::create_directory(root.path() / "cpu");
  root.write("cpu/cpu.cfs_quota_us", quota);
  root.write("cpu/cpu.cfs_period_us", period);
  return worker_count(root.path().string());
}

TEST(WorkerCount, IsTheQuotaRoundedUp) {
  EXPECT_EQ(with_v2("200000 100000\n"), 2u);
  EXPECT_EQ(with_v2("200001 100000\n"), 3u);
  EXPECT_EQ(with_v2("150000 100000\n"), 2u);
  EXPECT_EQ(with_v2("100000 100000\n"), 1u);
  EXPECT_EQ(with_v2("10000 100000\n"), 1u);
  EXPECT_EQ(with_v2("30000 10000\n"), 3u);
  EXPECT_EQ(with_v1("250000\n", "100000\n"), 3u);
}

TEST(WorkerCount, IsOneWithoutAQuota) {
  EXPECT_EQ(with_v2("max 100000\n"), 1u);
  EXPECT_EQ(with_v1("-1\n", "100000\n"), 1u);
  EXPECT_EQ(worker_count("/nonexistent"), 1u);
}

TEST(WorkerCount, IsOneWhereTheFilesMakeNoSense) {
  EXPECT_EQ(with_v2(""), 1u);
  EXPECT_EQ(with_v2("200000\n"), 1u);
  EXPECT_EQ(with_v2("200000 0\n"), 1u);
  EXPECT_EQ(with_v2("-5 100000\n"), 1u);
}

TEST(WorkerCount, IsBounded) { EXPECT_EQ(with_v2("100000000000 1000\n"), kMaxWorkers); }

}  // namespace
}  // namespace outrigger::sidecar
