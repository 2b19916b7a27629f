#pragma once
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "check/health_checker.h"
#include "net/event_loop.h"
#include "net/http_server.h"
#include "net/signal_watch.h"
#include "sidecar/admin_pages.h"
#include "sidecar/config.h"
#include "sidecar/file_watch.h"
#include "sidecar/on_demand.h"
#include "sidecar/routing_table.h"
#include "sidecar/wanted_services.h"
#include "sidecar/worker.h"
#include "uplink/feed_client.h"
#include "uplink/workload_identity.h"

namespace outrigger::sidecar {

/// The control thread: owns the workers, the sets from file and feed, the snapshot and the admin address, and tells the
/// workers. Everything runs on the thread that calls run().
class Control {
 public:
  /// `config_text` is what `config` was read from, in the file at `config_path`. `node`, if not empty, counts instead
  /// of the file's. `redirected`: whether a pod's connections are redirected here, where that is known.
  Control(Config config, std::string config_path, std::string config_text, std::string node,
          std::optional<bool> redirected);
  ~Control();

  /// Opens every socket and reads every file. The error is for a person; nothing has been served yet.
  Result<void> start();
  /// Until SIGTERM or SIGINT, and then until no connection is left or the grace time is over.
  void run();

 private:
  using Sockets = std::map<std::string, std::vector<net::FileDescriptor>>;  ///< by listener's name, one a worker

  /// `asked`: by a person, who wants it done even if the file is as it was: what it was refused for may have gone.
  void reload(bool asked);
  Config with_node(Config config) const;
  Result<void> adopt(const Config& config);
  Result<Sockets> open_listeners(const std::vector<ListenerConfig>& listeners) const;
  void install_listeners(const std::vector<ListenerConfig>& listeners, Sockets sockets);
  Result<void> start_feed();
  uplink::FeedClient::Callbacks feed_callbacks();
  void start_on_demand();
  void load_last_known_good();

  /// One worker's share.
  WorkerLimits worker_limits(const Limits& limits) const;
  void guard_against_loops();

  /// The file's, else what the operator has said of the file's node; empty: not known.
  const std::string& zone() const { return config_.zone.empty() ? node_zone_ : config_.zone; }
  /// To be told a zone by the operator; empty: there is no need.
  static std::string node_to_ask_for(const Config& config) { return config.zone.empty() ? config.node : std::string(); }
  void tell_zone();
  std::set<model::ServicePort> wanted() const;
  void schedule_publish();
  /// Waits until every worker acts on it, a round of theirs.
  void publish(const Worker::Turns& turned = {});
  std::uint64_t uses_of(const model::ServicePort& service) const;
  void save_later();
  void save();

  void on_admin(net::HttpExchange& exchange);
  StateReading reading() const;
  /// Whether any listener's Services are found out as they are used.
  bool on_demand() const;
  /// Every destination that is listened for is known, or known not to be.
  bool ready() const;
  std::int64_t connections() const;

  void begin_drain();
  void check_drained();

  net::EventLoop loop_;
  /// As they are bound: a configured port may be 0.
  std::map<std::string, net::SocketAddress> listening_;  ///< by listener's name
  net::SocketAddress admin_address_;
  const std::string node_;  ///< empty: the file's
  const std::optional<bool> redirected_;
  Config config_;
  std::string config_path_;
  std::string config_text_;  ///< what was last read, refused or not: not read twice unasked
  net::SignalWatch signals_;
  FileWatch file_watch_;
  std::vector<WorkerCells> worker_cells_;
  TableBuilder tables_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<net::HttpServer> admin_;
  std::unique_ptr<uplink::FeedClient> feed_;
  std::unique_ptr<uplink::WorkloadIdentity> identity_;  ///< with feed_, where there is a token
  std::unique_ptr<OnDemand> on_demand_;                 ///< with feed_
  check::HealthChecker health_checker_;

  Sets file_sets_;
  Sets feed_sets_;
  std::set<model::ServicePort> absent_;  ///< the operator has said that they are not
  /// When the operator last confirmed what we have; empty: never.
  std::optional<std::chrono::system_clock::time_point> confirmed_at_;
  std::string node_zone_;  ///< of config_.node, as the operator has said; empty: it has not
  net::Clock::time_point started_at_{};
  bool publish_scheduled_ = false;
  net::Timer startup_timer_;
  net::Timer save_timer_;
  net::Timer drain_timer_;
  net::Clock::time_point drain_deadline_{};
};

}  // namespace outrigger::sidecar
