#pragma once
/// Readings → the Prometheus text format. The only user of prometheus-cpp. One owner; made anew for each scrape.
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "metrics/cells.h"

namespace outrigger::metrics {

class Exposition {
 public:
  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  Exposition();
  ~Exposition();

  /// Samples of one name make one family, whatever the order of calls; `help` is taken from the first. Requires that
  /// one name is always of one type.
  void counter(std::string_view name, std::string_view help, Labels labels, double value);
  void gauge(std::string_view name, std::string_view help, Labels labels, double value);
  /// Written in seconds, cumulative, with the bucket +Inf.
  void histogram(std::string_view name, std::string_view help, Labels labels,
                 const DurationHistogram::Reading& reading);

  std::string text() const;
  static constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";

 private:
  class Families;
  std::unique_ptr<Families> families_;
};

}  // namespace outrigger::metrics
