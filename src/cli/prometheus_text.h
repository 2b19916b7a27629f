#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "result/result.h"

namespace outrigger::cli {

/// One line of Prometheus' text format, version 0.0.4.
struct Sample {
  std::string name;
  std::vector<std::pair<std::string, std::string>> labels;  ///< unescaped, in the order given
  double value = 0;

  /// Empty: there is no such label.
  const std::string& label(std::string_view name) const;
};

inline constexpr std::size_t kMaxLabels = 64;

/// Calls `on_sample` with each sample whose name begins with `prefix`. The rest is read as strictly: the error says
/// which line is not of the format. What came before it has been told. Any thread.
Result<void> read_samples(std::string_view text, std::string_view prefix,
                          const std::function<void(const Sample&)>& on_sample);

}  // namespace outrigger::cli
