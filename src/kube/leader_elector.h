#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "kube/client.h"
#include "kube/leader_election.h"
#include "kube/liveness.h"

namespace outrigger::kube {

/// Takes part in the election on a Lease, on a thread of its own from start to end. What fails is logged, once as long
/// as it stays the same, and tried again.
class LeaderElector {
 public:
  /// Of the calls that release the Lease at the end, together.
  static constexpr std::chrono::milliseconds kReleaseTimeout{1'000};

  struct Candidate {
    model::ObjectKey lease;
    std::string identity;  ///< nobody else's, now or before
    ElectionTiming timing;
  };

  /// `on_change` is told on the elector's thread when leading() has become true or false; late, should that thread hang
  /// in a call. `counts` outlives it. Requires timing that passes check_timing().
  LeaderElector(const Config& config, RequestCounts& counts, Candidate candidate, std::uint64_t seed,
                std::function<void(bool leading)> on_change);
  /// Leads no more, releases the Lease if it is ours (within kReleaseTimeout) and ends the thread, also in the middle
  /// of a call. Tells nothing any more.
  ~LeaderElector();

  const model::ObjectKey& lease() const { return candidate_.lease; }
  /// By the clock: a process that was stopped, or whose elector hangs, does not lead once its time is over. Any thread.
  bool leading() const { return BootClock::now().time_since_epoch().count() < leads_until_.load(); }
  /// The thread comes round. Any thread.
  bool alive() const { return liveness_.alive(); }

 private:
  void run();
  Result<void> try_once();
  Result<void> read_lease();
  Result<void> write_lease(const LeaderElection::Write& write, BootClock::time_point begun);
  void note(const Result<void>& done);
  void tell();
  void release();
  void sleep_until(BootClock::time_point due);
  void log_unreleased(const Result<Response>& answer) const;
  bool stopping() const;

  const Candidate candidate_;
  std::function<void(bool)> on_change_;
  RequestCounts& counts_;
  const Config config_;
  Client client_;
  LeaderElection election_;
  std::string problem_;                  ///< the one logged last; empty: all was well since
  std::chrono::seconds retry_after_{0};  ///< what the server asked for in the last try
  bool told_leading_ = false;
  std::atomic<std::int64_t> leads_until_;  ///< nanoseconds of BootClock
  Liveness liveness_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace outrigger::kube
