#pragma once
#include <functional>
#include <string>
#include <string_view>

#include "result/result.h"

namespace outrigger {

/// Cuts a byte stream into lines ended by '\n' (not part of the line), whatever the pieces it arrives in.
/// Holds at most `max_line_bytes` of an unfinished line. One owner, no lock.
class LineSplitter {
 public:
  explicit LineSplitter(std::size_t max_line_bytes) : max_line_bytes_(max_line_bytes) {}

  /// Calls `on_line` for each line that `bytes` completes; the view lives for the call alone. Fails when a line is
  /// longer than the bound or `on_line` fails; after that the splitter must not be fed again.
  Result<void> feed(std::string_view bytes, const std::function<Result<void>(std::string_view)>& on_line);

  /// Bytes of the unfinished line held now.
  std::size_t held() const { return partial_.size(); }

 private:
  std::size_t max_line_bytes_;
  std::string partial_;
};

}  // namespace outrigger
