#pragma once
#include <chrono>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <random>
#include <string>

#include "kube/change_batch.h"
#include "kube/client.h"
#include "kube/liveness.h"
#include "kube/objects.h"
#include "kube/reflector_timing.h"
#include "kube/watch_decoder.h"

namespace outrigger::kube {

/// Why a list or a watch has ended.
struct Ending {
  enum class Reason {
    listed,   ///< a list's success
    expired,  ///< 410: its version, or its list's page, is gone; the next is a list
    timeout,  ///< the server's normal end of a watch
    idle,     ///< silent beyond the deadline
    error,
  } reason;
  std::string detail;                   ///< for people; empty when all is well
  std::chrono::seconds retry_after{0};  ///< what the server asks for, 0: nothing
  /// The watch told something, or lived long enough that another one at once is no burden.
  bool progress = false;
  /// The server's answer is not one that another watch from the same version would mend.
  bool unusable = false;
};

/// One kind's list and watch, one call after the other; remembers the version it has come to. One owner.
class ListWatch {
 public:
  /// `client`, `on_change` and `liveness` outlive it; the last is told before each call, and at each byte of a watch.
  ListWatch(Kind kind, Client& client, const ReflectorTiming& timing, std::uint64_t seed,
            const std::function<void(Change)>& on_change, Liveness& liveness);

  /// Whether there is a version to watch from.
  bool listed() const { return !version_.empty(); }
  /// Collects all pages, then gives one Change that replaces all.
  Ending list();
  /// Requires listed(). Until the watch ends.
  Ending watch();
  /// Whether it is time for compare().
  bool comparison_due() const { return std::chrono::steady_clock::now() >= comparison_at_; }
  /// Requires listed(). Lists everything as it was at the version it has come to, and gives it as a comparison; as
  /// list() does where the server has that version no more, or cannot.
  Ending compare();
  /// The next is to be a list.
  void forget() { version_.clear(); }

 private:
  /// All pages, from `query` on. Nothing: a success.
  std::optional<Ending> collect(std::string query, Change& change, std::string& version);
  void draw_comparison();
  Result<void> take_page(const nlohmann::json& page, Change& change, std::string& version, std::string& rest) const;
  Result<void> take_event(const WatchEvent& event, ChangeBatch& batch, Ending& ending);

  Kind kind_;
  Client& client_;
  ReflectorTiming timing_;
  std::mt19937_64 random_;
  const std::function<void(Change)>& on_change_;
  Liveness& liveness_;
  std::string version_;
  std::chrono::steady_clock::time_point comparison_at_;
};

}  // namespace outrigger::kube
