#pragma once
#include <chrono>

namespace outrigger::kube {

/// Times and sizes of a watch; the defaults are client-go's where it has one. Tests shorten them.
struct ReflectorTiming {
  std::chrono::milliseconds first_backoff{800};
  std::chrono::milliseconds max_backoff{30'000};
  std::chrono::seconds min_watch{300};  ///< a watch's timeoutSeconds is drawn from min_watch to 2·min_watch
  /// A watch with no bytes (bookmarks come about once a minute) for this long is given up.
  std::chrono::milliseconds idle_deadline{150'000};
  /// From one list, or comparison, to the next comparison: drawn from this to its double.
  std::chrono::milliseconds min_comparison = std::chrono::minutes(20);
  int page_size = 500;
};

}  // namespace outrigger::kube
