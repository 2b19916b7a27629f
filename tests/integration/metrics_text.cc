#include "integration/metrics_text.h"

#include <sstream>

namespace outrigger::integration {

std::optional<double> metric(const std::string& text, std::string_view name,
                             const std::map<std::string, std::string>& labels) {
  std::optional<double> sum;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t name_end = line.find_first_of("{ ");
    if (name_end == std::string::npos || std::string_view(line).substr(0, name_end) != name) continue;
    bool all = true;
    for (const auto& [key, value] : labels) all = all && line.find(key + "=\"" + value + "\"") != std::string::npos;
    if (all) sum = sum.value_or(0) + std::stod(line.substr(line.rfind(' ') + 1));
  }
  return sum;
}

}  // namespace outrigger::integration
