#pragma once
#include <cstdint>
#include <string>

namespace outrigger::sidecar {

/// How many workers the cgroup's CPU quota pays for, rounded up: cgroup v2's cpu.max, else v1's cpu.cfs_quota_us. One
/// without a quota: a worker carries more than almost any pod sends, and a second one only costs memory. `root` is a
/// parameter for tests.
std::uint32_t worker_count(const std::string& root = "/sys/fs/cgroup");

}  // namespace outrigger::sidecar
