#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "net/event_loop.h"
#include "sidecar/dialled_destinations.h"
#include "sidecar/worker.h"
#include "uplink/feed_client.h"

namespace outrigger::sidecar {

/// Subscriptions that begin when the pod dials a Service and end when it has not for a while: between the workers, who
/// ask, and the feed, which answers. Control thread only.
class OnDemand {
 public:
  struct Callbacks {
    /// Requests and connections so far, of all workers.
    std::function<std::uint64_t(const model::ServicePort&)> uses;
    /// services() differs, or the workers need the table anew.
    std::function<void()> on_change;
  };

  /// All but `callbacks` outlive it.
  OnDemand(net::EventLoop& loop, const std::vector<std::unique_ptr<Worker>>& workers, uplink::FeedClient& feed,
           const uplink::OperatorConfig& config, Callbacks callbacks);

  /// One that was in use when this sidecar last ran.
  void remember(const model::ServicePort& service) { dialled_.remember(service, loop_.now()); }
  std::vector<model::ServicePort> services() const { return dialled_.services(); }

  /// The feed has said what is dialled there.
  void answer(const std::string& address, const std::optional<model::ServicePort>& service);
  /// Workers have the table in which those of services() are that are `known`, if only not to be there: who waits for
  /// them goes on.
  void published(const std::function<bool(const model::ServicePort&)>& known);

 private:
  void on_ask(const std::string& address);
  void settle(const std::string& address, bool no_service);
  void look_for_unused();
  bool was_used(const model::ServicePort& service);
  void on_released(const Worker::Services& held);

  net::EventLoop& loop_;
  const std::vector<std::unique_ptr<Worker>>& workers_;
  uplink::FeedClient& feed_;
  std::chrono::milliseconds unused_after_;
  Callbacks callbacks_;
  DialledDestinations dialled_;
  std::map<model::ServicePort, std::uint64_t> uses_;  ///< when they were last looked at

  /// While workers are asked to let go of what seems unused.
  struct Release {
    std::size_t to_answer;
    std::vector<model::ServicePort> unused;
    std::set<model::ServicePort> held;
  };
  std::optional<Release> release_;
  net::Timer timer_;
};

}  // namespace outrigger::sidecar
