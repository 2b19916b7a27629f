#include "cli/text_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "model/shown_value.h"

namespace outrigger::cli {

std::string printable(std::string_view text) { return model::shown_value(text, text.size()); }

std::string aligned(const std::vector<std::vector<std::string>>& rows, std::size_t first_number) {
  std::vector<std::vector<std::string>> shown;
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    auto& cells = shown.emplace_back();
    widths.resize(std::max(widths.size(), row.size()));
    for (const std::string& cell : row) {
      std::size_t& width = widths[cells.size()];
      cells.push_back(printable(cell));
      width = std::max(width, cells.back().size());
    }
  }
  std::string text;
  for (const auto& row : shown) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i != 0) line += "  ";
      line += i < first_number ? fmt::format("{:<{}}", row[i], widths[i]) : fmt::format("{:>{}}", row[i], widths[i]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  return text;
}

}  // namespace outrigger::cli
