#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "inject/pod_injection.h"
#include "kube/client.h"
#include "metrics/exposition.h"
#include "operator/repeat_limit.h"

namespace outrigger::op {

/// Looks now and then, while this replica leads, for running pods that should have a sidecar and have none: those that
/// were made before their namespace was labelled or while no webhook answered, and those that cannot have one. On a
/// thread of its own.
class InjectionAudit {
 public:
  /// `counts` outlives it. `leading` is called on the thread. `own_ns`: the operator's, which gets no sidecars.
  InjectionAudit(const kube::Config& config, kube::RequestCounts& counts, inject::Settings settings, std::string own_ns,
                 std::function<bool()> leading, std::chrono::milliseconds interval = std::chrono::minutes(1));
  /// Ends the thread, also in the middle of a call.
  ~InjectionAudit();

  /// It looks now: this replica leads, or no longer does. Any thread.
  void wake();

  /// outrigger_pods_not_injected, on the leader once it has looked. Any thread.
  void add_metrics(metrics::Exposition& exposition) const;

 private:
  static constexpr std::int64_t kUnknown = -1;
  using OnObject = std::function<void(const nlohmann::json&)>;

  void run();
  bool is_stopping();
  Result<std::set<std::string>> look();
  Result<void> each(const std::string& path, const std::string& query, const OnObject& on_object);
  void tell(const std::set<std::string>& missed);

  const inject::Settings settings_;
  const std::string own_ns_;
  const std::function<bool()> leading_;
  const std::chrono::milliseconds interval_;
  kube::Client client_;
  RepeatLimit complaints_;
  std::set<std::string> told_;  ///< NAMESPACE/NAME
  std::atomic<std::int64_t> missed_{kUnknown};

  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;  ///< guarded by mutex_, as is woken_
  bool woken_ = false;
  std::thread thread_;
};

}  // namespace outrigger::op
