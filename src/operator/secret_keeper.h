#pragma once
#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "identity/root_state.h"
#include "kube/backoff.h"
#include "kube/client.h"
#include "kube/secret.h"
#include "operator/repeat_limit.h"

namespace outrigger::op {

struct SecretKeeperOptions {
  model::ObjectKey secret;
  std::string webhook_configuration{};  ///< empty: none is kept
  identity::RootTiming timing{};
  std::chrono::milliseconds interval = std::chrono::seconds(30);  ///< between two looks
  std::chrono::milliseconds first_backoff = std::chrono::seconds(1);
  std::uint64_t seed = 0;
};

/// Keeps the root in a Secret, on a thread of its own: looks at it now and then, makes it where there is none, fills it
/// where it is ours and empty, and, if
/// it is ours and this replica leads, writes what RootState says is due. A Secret of another is followed and never
/// written. One that is gone is put back as it was, by the leader. While the API server does not answer, or the Secret
/// cannot be used, what was last known goes on. Also keeps a MutatingWebhookConfiguration's bundle current while it
/// leads: at once when the bundle changes, and looked at every second time.
class SecretKeeper {
 public:
  using Now = std::function<identity::TimePoint()>;
  /// Called on the thread with what is in the Secret, first and whenever that changes who signs or who is trusted.
  using OnRoots = std::function<void(const identity::RootState&)>;

  /// `counts` outlives it. `leading` and `now` are called on the thread.
  SecretKeeper(const kube::Config& config, kube::RequestCounts& counts, SecretKeeperOptions options,
               std::function<bool()> leading, Now now, OnRoots on_roots);
  /// Ends the thread, also in the middle of a call.
  ~SecretKeeper();

  /// It looks now. Any thread.
  void wake();
  /// The API server has been told of the roots once since this began, or is not to be told. Any thread.
  bool webhooks_kept() const { return webhooks_kept_; }

 private:
  /// What comes of a look.
  struct Outcome {
    enum class Kind : std::uint8_t { well, again, failed } kind = Kind::well;
    std::chrono::seconds retry_after{0};
  };

  void run();
  /// False when it ends.
  bool sleep(std::chrono::milliseconds duration);
  Outcome look();
  /// Makes the Secret, or fills the empty one of a chart: nobody but the chart need be allowed to make Secrets then,
  /// and nothing is left behind.
  Outcome put(const kube::Secret* empty);
  Outcome take(const kube::Secret& secret);
  Outcome advance(const kube::Secret& secret, identity::RootState state);
  void adopt(identity::RootState state);
  Outcome keep_webhooks();
  Outcome refused(const char* what, const Result<kube::Response>& answer);
  void complain(const char* what, const std::string& reason);

  const SecretKeeperOptions options_;
  const std::function<bool()> leading_;
  const Now now_;
  const OnRoots on_roots_;
  kube::Client client_;
  std::atomic<bool> webhooks_kept_;
  kube::Backoff backoff_;

  std::optional<identity::RootState> state_;  ///< what was last told
  bool ours_ = true;                          ///< so was the Secret it is from
  std::string webhook_bundle_;                ///< what the webhooks were last seen to have
  unsigned looks_ = 0;
  RepeatLimit complaints_;

  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;  ///< guarded by mutex_, as is woken_
  bool woken_ = false;
  std::thread thread_;
};

}  // namespace outrigger::op
