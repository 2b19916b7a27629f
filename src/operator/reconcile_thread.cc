#include "operator/reconcile_thread.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <utility>

namespace outrigger::op {

using std::chrono::steady_clock;

ReconcileThread::ReconcileThread(const std::vector<kube::Kind>& kinds, Inventory::OnProblem on_problem, Sink sink)
    : reconciler_(kinds, std::move(on_problem)), sink_(std::move(sink)) {
  set_readings();
  thread_ = std::thread([this] { run(); });
}

ReconcileThread::~ReconcileThread() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void ReconcileThread::offer(std::vector<kube::Change> changes) {
  {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [this] { return waiting_.size() < kMaxWaiting; });
    std::move(changes.begin(), changes.end(), std::back_inserter(waiting_));
  }
  wake_.notify_one();
}

ReconcileThread::Readings ReconcileThread::read() const {
  const std::lock_guard lock(mutex_);
  return readings_;
}

void ReconcileThread::run() {
  bool complete = false;
  while (true) {
    std::vector<kube::Change> changes;
    {
      std::unique_lock lock(mutex_);
      const bool idle = !reconciler_.synced() || reconciler_.depth() == 0;
      if (idle) wake_.wait_until(lock, wake_time(), [this] { return stopping_ || !waiting_.empty(); });
      if (stopping_) return;
      changes.swap(waiting_);
    }
    room_.notify_all();
    for (kube::Change& change : changes) reconciler_.apply(std::move(change));

    // The first publication is whole: only then may a Service that is not in it be called absent.
    Publication publication{.updates = reconciler_.reconcile(complete ? kBatch : SIZE_MAX, steady_clock::now()),
                            .complete = false};
    const bool first = !complete && reconciler_.synced();
    complete = publication.complete = reconciler_.synced();
    if (complete) publication.zones = reconciler_.take_changed_zones();
    set_readings();
    if (first || !publication.updates.empty() || !publication.zones.empty()) sink_(std::move(publication));
  }
}

steady_clock::time_point ReconcileThread::wake_time() const {
  const auto latest = steady_clock::now() + kMaxSleep;
  return std::min(latest, reconciler_.next_due().value_or(latest));
}

void ReconcileThread::set_readings() {
  Readings readings{.queue_depth = reconciler_.depth(),
                    .services = reconciler_.services(),
                    .endpoints = reconciler_.endpoints(),
                    .invalid_annotations = reconciler_.invalid_annotations(),
                    .missing = {reconciler_.missing().begin(), reconciler_.missing().end()},
                    .repairs = reconciler_.repairs(),
                    .last_round = steady_clock::now()};
  const std::lock_guard lock(mutex_);
  readings_ = std::move(readings);
}

}  // namespace outrigger::op
