#include "feed_propagation.h"

#include <fmt/format.h>

#include <algorithm>

namespace bench {
namespace {

std::string summary(std::vector<double> ms) {
  std::sort(ms.begin(), ms.end());
  const auto percentile = [&ms](double share) {
    return ms.empty() ? "null"
                      : fmt::format("{:.2f}", ms[static_cast<std::size_t>(share * static_cast<double>(ms.size() - 1))]);
  };
  return fmt::format(R"({{"seen": {}, "p50_ms": {}, "p99_ms": {}, "max_ms": {}}})", ms.size(), percentile(0.5),
                     percentile(0.99), percentile(1));
}

}  // namespace

void Propagation::told(const Step& step, std::size_t interested, Clock::time_point now) {
  ++changes_;
  interested_ += interested;
  if (interested == 0) return;
  ++outstanding_;
  waiting_[step.service].push_back({step.number, step.removal, interested, now});
}

void Propagation::seen(std::size_t service, std::uint32_t before, std::uint32_t step, Clock::time_point now) {
  const auto of_service = waiting_.find(service);
  if (of_service == waiting_.end()) return;
  for (Waiting& waiting : of_service->second) {
    if (waiting.number <= before || waiting.number > step) continue;
    auto& took_ms = waiting.removal ? removals_ms_ : additions_ms_;
    took_ms.push_back(std::chrono::duration<double, std::milli>(now - waiting.told_at).count());
    if (--waiting.left == 0) --outstanding_;
  }
  std::erase_if(of_service->second, [](const Waiting& waiting) { return waiting.left == 0; });
  if (of_service->second.empty()) waiting_.erase(of_service);
}

std::string Propagation::json() const {
  const double mean = changes_ == 0 ? 0 : static_cast<double>(interested_) / static_cast<double>(changes_);
  return fmt::format(R"({{"changes": {}, "interested": {:.2f}, "unseen": {}, "removals": {}, "additions": {}}})",
                     changes_, mean, outstanding_, summary(removals_ms_), summary(additions_ms_));
}

void Propagation::start_over() { *this = Propagation(); }

}  // namespace bench
