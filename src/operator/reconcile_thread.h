#pragma once
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "operator/reconciler.h"

namespace outrigger::op {

/// The one thread that owns all state: takes changes from any thread, gives publications to its sink.
class ReconcileThread {
 public:
  using Sink = std::function<void(Publication)>;
  /// Changes that may wait. A source that is ahead by more is held back in offer(), which costs memory in the kernel's
  /// socket buffer instead of here.
  static constexpr std::size_t kMaxWaiting = 1'024;
  /// Services looked at before new changes are taken in again: a removal that comes while a node's change is worked
  /// off is not kept from the queue.
  static constexpr std::size_t kBatch = 64;

  struct Readings {
    std::size_t queue_depth = 0;
    std::size_t services = 0;
    std::size_t endpoints = 0;
    std::size_t invalid_annotations = 0;
    std::vector<kube::Kind> missing;  ///< kinds not yet listed
    /// Objects that differed in comparisons; a kind is there once it has been compared.
    std::map<kube::Kind, std::uint64_t> repairs;
    /// When the thread last came round; never long ago while it is well, it wakes every kMaxSleep.
    std::chrono::steady_clock::time_point last_round;
  };
  static constexpr std::chrono::seconds kMaxSleep{5};

  /// `sink` and `on_problem` are called on the thread, from which they return soon.
  ReconcileThread(const std::vector<kube::Kind>& kinds, Inventory::OnProblem on_problem, Sink sink);
  /// Ends the thread; changes that wait are dropped. Whoever calls offer() must have ended.
  ~ReconcileThread();

  /// Takes changes that belong together, in order. Any thread.
  void offer(std::vector<kube::Change> changes);
  /// Any thread.
  Readings read() const;

 private:
  void run();
  /// When to come round though nothing has come.
  std::chrono::steady_clock::time_point wake_time() const;
  void set_readings();

  Reconciler reconciler_;  ///< the thread's alone once it runs
  Sink sink_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable room_;
  std::vector<kube::Change> waiting_;
  Readings readings_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace outrigger::op
