#pragma once
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "kube/client.h"
#include "operator/annotation_problem.h"

namespace outrigger::op {

/// Tells users of bad annotations by Events, on a thread of its own: nothing waits for it. An Event that the API server
/// does not take after kAttempts is logged and left out, and so is one more than kMaxWaiting.
class EventRecorder {
 public:
  static constexpr std::size_t kMaxWaiting = 256;
  static constexpr int kAttempts = 5;

  /// `counts` outlives it.
  EventRecorder(const kube::Config& config, kube::RequestCounts& counts,
                std::chrono::milliseconds first_backoff = std::chrono::seconds(1));
  /// Ends the thread, also in the middle of a call; what waits is dropped.
  ~EventRecorder();

  /// Any thread; never blocks.
  void record(AnnotationProblem problem);

 private:
  void run();
  void tell(const AnnotationProblem& problem);
  /// False when the recorder ends.
  bool sleep(std::chrono::milliseconds duration);

  std::chrono::milliseconds first_backoff_;
  kube::Client client_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<AnnotationProblem> waiting_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace outrigger::op
