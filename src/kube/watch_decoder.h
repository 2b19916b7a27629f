#pragma once
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "lines/line_splitter.h"
#include "result/result.h"

namespace outrigger::kube {

struct WatchEvent {
  enum class Type { added, modified, deleted, bookmark, error } type;
  nlohmann::json object;
};

/// A watch's bytes → events, whatever the pieces they come in. A line is at most `max_line_bytes`. One owner.
class WatchDecoder {
 public:
  static constexpr std::size_t kMaxLineBytes = 8 << 20;
  explicit WatchDecoder(std::size_t max_line_bytes = kMaxLineBytes) : lines_(max_line_bytes) {}

  /// Fails on a line too long, or one that is not JSON, has no object or an unknown type.
  Result<void> feed(std::string_view bytes, const std::function<Result<void>(WatchEvent)>& on_event);

 private:
  LineSplitter lines_;
};

}  // namespace outrigger::kube
