#include "latencies.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <limits>

namespace bench {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

std::string percentile(const std::vector<double>& sorted, double share) {
  if (sorted.empty()) return "null";
  const double value = sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
  if (value == kNever) return "null";
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f", value);
  return text.data();
}

}  // namespace

void Latencies::add_failed() { failed_us_.push_back(kNever); }

std::string Latencies::json() const {
  std::vector<double> good = good_us_;
  std::sort(good.begin(), good.end());
  std::vector<double> all = good_us_;
  all.insert(all.end(), failed_us_.begin(), failed_us_.end());
  std::sort(all.begin(), all.end());
  return R"({"answered": )" + std::to_string(good.size()) + R"(, "failed": )" + std::to_string(failed_us_.size()) +
         R"(, "p50_us": )" + percentile(all, 0.5) + R"(, "p99_us": )" + percentile(all, 0.99) + R"(, "p999_us": )" +
         percentile(all, 0.999) + R"(, "good_p99_us": )" + percentile(good, 0.99) + "}\n";
}

}  // namespace bench
