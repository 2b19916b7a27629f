#pragma once
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "kube/client.h"
#include "operator/annotation_problem.h"

namespace outrigger::op {

/// Tells users of bad annotations by Events, on a thread of its own: nothing waits for it. An Event that the API server
/// does not take after kAttempts is logged and left out, and so is one more than kMaxWaiting.
///
/// Of several replicas only the leader tells; the others keep what they would tell until it has been mended or they
/// lead themselves. What another leader has told already the API server answers with 409, which is as good as told.
class EventRecorder {
 public:
  static constexpr std::size_t kMaxWaiting = 256;
  static constexpr int kAttempts = 5;
  /// The most that a server's Retry-After is heeded.
  static constexpr std::chrono::seconds kMaxRetryAfter{300};

  /// `may_tell`: whether this replica leads; asked on the recorder's thread, returns at once and calls nothing here.
  /// `counts` outlives it.
  EventRecorder(const kube::Config& config, kube::RequestCounts& counts, std::function<bool()> may_tell,
                std::chrono::milliseconds first_backoff = std::chrono::seconds(1));
  /// Ends the thread, also in the middle of a call; what waits is dropped.
  ~EventRecorder();

  /// Any thread; never blocks.
  void record(AnnotationProblem problem);
  /// It has been mended: not told any more, if it has not been. Any thread; never blocks.
  void forget(const AnnotationProblem& problem);
  /// may_tell's answer has changed. Any thread; never blocks.
  void wake();

 private:
  /// How long to wait before the next try of what could not be told; nothing: it is done with.
  std::optional<std::chrono::milliseconds> tell(const AnnotationProblem& problem, int attempt);
  void run();

  std::function<bool()> may_tell_;
  std::chrono::milliseconds first_backoff_;
  kube::Client client_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<AnnotationProblem> waiting_;  ///< the one being told is the first
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace outrigger::op
