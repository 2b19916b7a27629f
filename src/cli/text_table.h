#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace outrigger::cli {

/// A text that may hold what others have written, as a terminal may be given it: no control characters. One line.
std::string printable(std::string_view text);

/// Lines of columns with two spaces between them. The cells of columns from `first_number` on stand right. Every row
/// has as many cells as the first. Cells are made printable().
std::string aligned(const std::vector<std::vector<std::string>>& rows, std::size_t first_number);

}  // namespace outrigger::cli
