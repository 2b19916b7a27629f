#include "sidecar/worker_count.h"

#include <algorithm>
#include <fstream>

#include "sidecar/config.h"

namespace outrigger::sidecar {
namespace {

std::uint32_t whole_cpus(double quota_us, double period_us) {
  if (quota_us <= 0 || period_us <= 0) return 1;
  return static_cast<std::uint32_t>(std::clamp((quota_us + period_us - 1) / period_us, 1.0, double{kMaxWorkers}));
}

}  // namespace

std::uint32_t worker_count(const std::string& root) {
  double quota_us = 0;
  double period_us = 0;
  if (std::ifstream(root + "/cpu.max") >> quota_us >> period_us) return whole_cpus(quota_us, period_us);
  if (std::ifstream(root + "/cpu/cpu.cfs_quota_us") >> quota_us &&
      std::ifstream(root + "/cpu/cpu.cfs_period_us") >> period_us) {
    return whole_cpus(quota_us, period_us);
  }
  return 1;
}

}  // namespace outrigger::sidecar
