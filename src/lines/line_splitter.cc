#include "lines/line_splitter.h"

namespace outrigger {

Result<void> LineSplitter::feed(std::string_view bytes, const std::function<Result<void>(std::string_view)>& on_line) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::string_view piece = bytes.substr(0, end);
    if (partial_.size() + piece.size() > max_line_bytes_) {
      return failure("a line is longer than " + std::to_string(max_line_bytes_) + " bytes");
    }
    if (end == std::string_view::npos) {
      partial_.append(piece);
      return {};
    }
    bytes.remove_prefix(end + 1);
    if (partial_.empty()) {
      if (auto done = on_line(piece); !done) return done;
      continue;
    }
    partial_.append(piece);
    auto done = on_line(partial_);
    partial_.clear();
    if (!done) return done;
  }
  return {};
}

}  // namespace outrigger
