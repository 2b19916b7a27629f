#pragma once
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "kube/backoff.h"
#include "kube/client.h"
#include "kube/list_watch.h"
#include "kube/liveness.h"
#include "kube/objects.h"
#include "kube/reflector_timing.h"

namespace outrigger::kube {

/// Keeps its reader told of every object of one kind: lists in pages, watches with bookmarks from there, lists anew
/// when the watch's version is gone (410), begins again after a backoff with jitter when anything else fails: with a
/// watch from where it was, or with a list after a second answer that cannot be used. Now and then, after a watch that
/// was well, it compares: lists what there was at the version it has come to, so that what has been lost, by whomever,
/// heals. A thread of its own from start to end.
class Reflector {
 public:
  using OnChange = std::function<void(Change)>;

  /// `on_change` is called on the reflector's thread; Endpoint slices and Services whole, Pods and Nodes as metadata
  /// only. An object that cannot be read is logged and left out (as if it were not there).
  Reflector(Kind kind, const Config& config, RequestCounts& counts, OnChange on_change, std::uint64_t seed,
            ReflectorTiming timing = {});
  /// Ends the thread, also in the middle of a call.
  ~Reflector();

  Kind kind() const { return kind_; }
  /// Its thread comes round: nothing takes it longer than it may, be it a silent watch. Any thread.
  bool alive() const { return liveness_.alive(); }
  /// outrigger_watch_restarts_total's readings: reason → count. Reasons: "expired" (410), "timeout" (the server's own
  /// end of the watch), "idle", "error". Any thread.
  std::map<std::string, std::uint64_t> restarts() const;

 private:
  void run();
  /// Decides how to go on after `ending`, and waits. False: the reflector is to end.
  bool recover(const Ending& ending);

  Kind kind_;
  OnChange on_change_;
  Client client_;
  Liveness liveness_;
  ListWatch list_watch_;
  Backoff backoff_;
  // Since the last watch that made progress: one was followed by another at once; one's answer could not be used.
  bool hurried_ = false;
  bool unusable_ = false;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::map<std::string, std::uint64_t> restarts_;
  std::thread thread_;
};

}  // namespace outrigger::kube
