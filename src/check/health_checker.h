#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "balance/random.h"
#include "check/endpoint_check.h"
#include "feed/message.h"
#include "health/probe.h"
#include "net/event_loop.h"

namespace outrigger::check {

/// Tests shorten them.
struct HealthCheckPace {
  /// How often it is looked whether services are in use.
  std::chrono::milliseconds look{1'000};
  /// How long a service is in use after it was used, if its checks' interval does not say longer (health::Use).
  std::chrono::milliseconds keep{60'000};
};

/// Asks endpoints whether they are well, as their services' options say: those of services that this pod uses, none
/// that is draining, each for each service that has it. A service counts as used when it is, and when one is that
/// sends to it or fails over to it, so that a standby is known before it is needed. Who is not asked counts as well.
/// Says every change once, to its owner and to the log. Control thread only.
class HealthChecker {
 public:
  /// Checks under way at a time; the others wait, the one that has been due for longest goes first.
  static constexpr std::size_t kMaxRunning = 64;

  using Sets = std::map<model::ServicePort, std::shared_ptr<const feed::FullSet>>;
  struct Callbacks {
    /// How often the service has been used by now: grows with each request and connection, and is asked for each
    /// service of the sets, once each HealthCheckPace::look.
    std::function<std::uint64_t(const model::ServicePort&)> uses;
    /// An endpoint of the service's set is well, or is not, from now on; everyone is well at first. Of endpoints that
    /// leave the set nothing is said. Comes from update() and from the loop; must not call update().
    std::function<void(const model::ServicePort&, const std::string& address, bool well)> on_change;
  };

  /// `seed`: of this process alone, so that sidecars do not fall into step.
  HealthChecker(net::EventLoop& loop, std::uint64_t seed, Callbacks callbacks, HealthCheckPace pace = {});
  ~HealthChecker();
  HealthChecker(const HealthChecker&) = delete;
  HealthChecker& operator=(const HealthChecker&) = delete;

  /// Everything there is now; null where nothing is known. What is known of endpoints that stay goes on, unless they
  /// are asked something else. Costs little where a set is the same object as before.
  void update(const Sets& sets);

  std::size_t running() const { return running_; }

 private:
  struct Service;
  struct Endpoint;

  void adopt(Service& service, std::shared_ptr<const feed::FullSet> set);
  /// Brings whom it asks in line with its set; `asks`: anyone at all.
  void refresh(Service& service, bool asks);
  void drop(Endpoint& endpoint);
  void hurry(Endpoint& endpoint);
  void look();
  void mark_used(std::vector<Service*> services);

  void enqueue(Endpoint& endpoint);
  void schedule();
  void start_due();
  void start(Endpoint& endpoint);
  void finish(Endpoint& endpoint, const CheckOutcome& outcome);
  void say_unknown(const Endpoint& endpoint, const CheckOutcome& outcome);

  health::Time now() const { return loop_.now().time_since_epoch(); }

  net::EventLoop& loop_;
  balance::Random random_;
  Callbacks callbacks_;
  HealthCheckPace pace_;
  std::map<model::ServicePort, std::unique_ptr<Service>> services_;
  std::set<std::pair<health::Time, Endpoint*>> waiting_;  ///< for their next check, by when it is due
  std::size_t running_ = 0;
  std::optional<health::Time> unknown_said_;  ///< when it was, that checks cannot be made
  net::Timer due_timer_;
  net::Timer look_timer_;
};

}  // namespace outrigger::check
