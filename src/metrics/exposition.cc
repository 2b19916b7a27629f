#include "metrics/exposition.h"

#include <prometheus/text_serializer.h>

#include <limits>
#include <unordered_map>

#include "result/result.h"

namespace outrigger::metrics {
namespace {

constexpr double kSecondNs = 1e9;

prometheus::ClientMetric::Histogram cumulative(const DurationHistogram::Reading& reading) {
  prometheus::ClientMetric::Histogram histogram;
  for (std::size_t i = 0; i < reading.buckets.size(); ++i) {
    histogram.sample_count += reading.buckets[i];
    const double bound = i < kDurationBoundsNs.size() ? static_cast<double>(kDurationBoundsNs[i]) / kSecondNs
                                                      : std::numeric_limits<double>::infinity();
    histogram.bucket.push_back({histogram.sample_count, bound});
  }
  histogram.sample_sum = static_cast<double>(reading.sum_ns) / kSecondNs;
  return histogram;
}

}  // namespace

class Exposition::Families {
 public:
  prometheus::ClientMetric& add(std::string_view name, std::string_view help, prometheus::MetricType type,
                                Labels labels) {
    const auto [known, is_new] = by_name_.try_emplace(std::string(name), all_.size());
    if (is_new) all_.push_back({std::string(name), std::string(help), type, {}});
    prometheus::MetricFamily& family = all_[known->second];
    CHECK(family.type == type);
    prometheus::ClientMetric& sample = family.metric.emplace_back();
    for (const auto& [label, value] : labels) sample.label.push_back({std::string(label), std::string(value)});
    return sample;
  }

  const std::vector<prometheus::MetricFamily>& all() const { return all_; }

 private:
  std::vector<prometheus::MetricFamily> all_;
  std::unordered_map<std::string, std::size_t> by_name_;
};

Exposition::Exposition() : families_(std::make_unique<Families>()) {}
Exposition::~Exposition() = default;

void Exposition::counter(std::string_view name, std::string_view help, Labels labels, double value) {
  families_->add(name, help, prometheus::MetricType::Counter, labels).counter.value = value;
}

void Exposition::gauge(std::string_view name, std::string_view help, Labels labels, double value) {
  families_->add(name, help, prometheus::MetricType::Gauge, labels).gauge.value = value;
}

void Exposition::histogram(std::string_view name, std::string_view help, Labels labels,
                           const DurationHistogram::Reading& reading) {
  families_->add(name, help, prometheus::MetricType::Histogram, labels).histogram = cumulative(reading);
}

std::string Exposition::text() const { return prometheus::TextSerializer().Serialize(families_->all()); }

}  // namespace outrigger::metrics
