#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "kube/client.h"
#include "kube/objects.h"

namespace outrigger::kube {

/// Times and sizes of a watch; the defaults are client-go's where it has one. Tests shorten them.
struct ReflectorTiming {
  std::chrono::milliseconds first_backoff{800};
  std::chrono::milliseconds max_backoff{30'000};
  std::chrono::seconds min_watch{300};  ///< a watch's timeoutSeconds is drawn from min_watch to 2·min_watch
  /// A watch with no bytes (bookmarks come about once a minute) for this long is given up.
  std::chrono::seconds idle_deadline{150};
  int page_size = 500;
};

/// Keeps its reader told of every object of one kind: lists in pages, watches with bookmarks from there, lists anew
/// when the watch's version is gone (410), begins again after a backoff with jitter when anything else fails. A thread
/// of its own from start to end.
class Reflector {
 public:
  using OnChange = std::function<void(Change)>;

  /// `on_change` is called on the reflector's thread; Endpoint slices and Services whole, Pods and Nodes as metadata
  /// only. An object that cannot be read is logged, counted and left out (as if it were not there).
  Reflector(Kind kind, const Config& config, RequestCounts& counts, OnChange on_change, std::uint64_t seed,
            ReflectorTiming timing = {});
  /// Ends the thread, also in the middle of a call.
  ~Reflector();

  Kind kind() const { return kind_; }
  /// outrigger_watch_restarts_total's readings: reason → count. Reasons: "expired" (410), "timeout" (the server's own
  /// end of the watch), "idle", "error". Any thread.
  std::map<std::string, std::uint64_t> restarts() const;

 private:
  void run();

  Kind kind_;
  ReflectorTiming timing_;
  OnChange on_change_;
  std::uint64_t seed_;
  Client client_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::map<std::string, std::uint64_t> restarts_;
  std::thread thread_;
};

}  // namespace outrigger::kube
