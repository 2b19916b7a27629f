#pragma once
#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "balance/random.h"
#include "http/head_parser.h"
#include "http/head_writer.h"
#include "http/http2_session.h"
#include "http/http_date.h"
#include "http/message.h"
#include "net/event_loop.h"
#include "net/pipe.h"
#include "net/relay.h"
#include "net/socket.h"
#include "sidecar/buffer_pool.h"
#include "sidecar/client_stream.h"
#include "sidecar/config.h"
#include "sidecar/connection.h"
#include "sidecar/listener_target.h"
#include "sidecar/mortal.h"
#include "sidecar/protocol_detection.h"
#include "sidecar/round_pacing.h"
#include "sidecar/router.h"
#include "sidecar/service_metrics.h"
#include "sidecar/unresolved_destinations.h"

namespace outrigger::sidecar {

class Http2Transport;
class Tunnel;

/// What one worker may hold at a time.
struct WorkerLimits {
  std::size_t connections = 0;       ///< of clients; no more are accepted
  std::uint64_t buffered_bytes = 0;  ///< above it, new requests are refused; above 1.25 times that, others end
  /// Of the process: while more are open nothing is accepted. What is left is for connections to endpoints.
  std::size_t descriptors = SIZE_MAX;
  std::size_t pipes = 256;  ///< for bytes that are spliced, at one time; fixed from the start
  bool operator==(const WorkerLimits&) const = default;
};

struct LoopGuard {
  std::vector<net::SocketAddress> listening;  ///< where this sidecar listens
  std::vector<net::SocketAddress> machine;    ///< the machine's addresses
};

/// A thread that carries traffic: its own event loop, listening sockets, connections, clusters and random numbers. It
/// shares nothing with other workers on the way of a request. The first group of calls is for the control thread; the
/// second for the worker's own.
class Worker {
 public:
  /// `limits` are this worker's share. `cells` outlives the worker.
  Worker(std::size_t index, std::uint64_t seed, const HttpSettings& settings, const WorkerLimits& limits,
         WorkerCells& cells);
  /// Ends the thread; connections are closed as they are.
  ~Worker();

  /// Listeners, by name, that go to another service from now on, on the same socket.
  using Turns = std::map<std::string, model::ServicePort>;

  /// Between two requests, so that none finds a table without what its listener points to.
  void apply(std::shared_ptr<const RoutingTable> table, const Turns& turned = {});
  /// For what comes from now on.
  void configure(const HttpSettings& settings, const WorkerLimits& limits);
  /// Where this sidecar runs; empty: not known.
  void set_zone(std::string zone);
  /// What the health checks have found of an endpoint of that service.
  void set_probed(const model::ServicePort& service, const std::string& address, bool well);
  /// Where listeners that are of no one Service ask what a destination is that no table has; `ask` is called on the
  /// worker's thread, and settle() answers. Without it such destinations are no Services. Before the first listener.
  void ask_for_destinations(UnresolvedDestinations::Ask ask, std::chrono::milliseconds patience);
  /// As UnresolvedDestinations has it.
  void settle(const std::string& destination, bool no_service);
  /// Of these Services whoever nobody here holds on to is found no more at its addresses before the next apply();
  /// `done` is told the others, on the worker's thread.
  using Services = std::vector<model::ServicePort>;
  void release(Services services, std::function<void(const Services& held)> done);
  void add_listener(const ListenerConfig& listener, net::FileDescriptor socket);
  /// Where transparent listeners must not connect to: it would lead back here.
  void guard_against_loops(LoopGuard guard);
  void remove_listener(const std::string& name);
  /// Stops accepting, closes what is idle, ends the others with what is under way.
  void drain();
  /// It has taken what it was to accept last, and no connection is left. Any thread.
  bool drained() const { return drained_; }

  net::EventLoop& loop() { return loop_; }
  balance::Random& random() { return random_; }
  Router& router() { return router_; }
  BufferPool& buffers() { return buffers_; }
  /// For one read: overwritten by the next.
  std::span<char> scratch() { return scratch_; }
  http::RequestHead& request_head() { return request_head_; }
  http::ResponseHead& response_head() { return response_head_; }
  /// Of what one read has brought; until the next.
  std::vector<std::string_view>& pieces() { return pieces_; }
  const HttpSettings& settings() const { return settings_; }
  const http::HeadLimits& head_limits() const { return head_limits_; }
  http::Http2Limits http2_limits() const;
  /// What goes into requests of that client; until the next call.
  const http::Hop& hop(const ClientStream& client);
  /// The time of day as messages carry it (RFC 9110 section 6.6.1); until the next call. Told anew when its second is
  /// over.
  std::string_view date();
  bool draining() const { return draining_; }
  net::HeldBytes& held() { return buffers_.held(); }
  /// A request, or a connection of another protocol, was ended since no more may be held.
  void count_no_room() { cells_.no_room.add(); }
  /// As many connections as there may be, or as many descriptors.
  bool full();
  /// Whether that descriptor is of those that are kept back, so that few are left.
  bool is_kept_back(int descriptor) const { return static_cast<std::size_t>(descriptor) >= limits_.descriptors; }
  /// Closes idle connections to endpoints.
  void make_room() { router_.close_idle(net::Clock::time_point::max()); }

  void accept(net::FileDescriptor fd, std::shared_ptr<const ListenerTarget> target);
  /// To the Service that is dialled at `wanted`, else straight there.
  void dispatch(net::FileDescriptor fd, ListenerProtocol protocol, const net::SocketAddress& wanted);
  UnresolvedDestinations& unresolved() { return unresolved_; }
  /// A connection that has turned out to be one; `received` has been read already, its first byte `since` then.
  void become_http1(net::FileDescriptor fd, std::shared_ptr<const ListenerTarget> target, std::string_view received,
                    net::Clock::time_point since);
  void become_http2(net::FileDescriptor fd, std::shared_ptr<const ListenerTarget> target, std::string_view received);
  Tunnel& become_tunnel(net::FileDescriptor fd, std::string received);
  /// What is to be sent on it is with the kernel.
  void linger(net::FileDescriptor fd);
  void count_detection(DetectedProtocol protocol) { cells_.detections[static_cast<std::size_t>(protocol)].add(); }
  void count_pass_through() { cells_.passed_through.add(); }
  /// Of destinations, by name.
  SeenServerFirst& seen_server_first() { return seen_server_first_; }
  const net::RelayResources& relay_resources() const { return relay_resources_; }
  /// The connection is closed: its object ends with this round of events.
  void bury_connection(Connection& connection);
  void bury(std::unique_ptr<Mortal> object);
  /// Has it write at the end of this round of events.
  void flush_later(Http2Transport& transport);
  /// By the requests of HTTP/2 clients.
  RoundPacing& pacing() { return pacing_; }
  /// Some connection to an endpoint has nothing to do, or may come to have nothing to do.
  void idle_connections_exist();

 private:
  class Listener;

  template <class Kind>
  Kind& take_in(std::unique_ptr<Kind> connection);
  void accept_transparent(net::FileDescriptor fd, ListenerProtocol protocol);
  bool would_loop(const net::SocketAddress& wanted) const;
  void accept_unknown(net::FileDescriptor fd, std::shared_ptr<const ListenerTarget> target);
  void close_idle_upstreams();
  void end_round_later();
  void end_round();

  net::EventLoop loop_;
  balance::Random random_;
  WorkerCells& cells_;
  HttpSettings settings_;
  WorkerLimits limits_;
  http::HeadLimits head_limits_;
  LoopGuard loop_guard_;
  BufferPool buffers_;
  std::vector<std::unique_ptr<Mortal>> graveyard_;
  std::vector<Http2Transport*> to_flush_;
  bool round_end_wanted_ = false;
  RoundPacing pacing_;
  Router router_;
  std::array<char, 64 * 1024> scratch_;
  net::PipePool pipes_;
  net::RelayResources relay_resources_;
  SeenServerFirst seen_server_first_;
  UnresolvedDestinations unresolved_;
  http::RequestHead request_head_;
  http::ResponseHead response_head_;
  std::vector<std::string_view> pieces_;
  http::Hop hop_;
  std::string hop_client_;  ///< what hop_.client points to
  http::HttpDate date_{0};
  net::Clock::time_point date_due_{};  ///< when date_ is over
  std::unordered_map<std::string, std::unique_ptr<Listener>> listeners_;
  ConnectionList connections_;
  net::Timer idle_timer_;
  bool draining_ = false;
  std::atomic<bool> drained_ = false;
  std::size_t newest_descriptor_ = 0;  ///< of the last connection accepted, or as found out since
  std::thread thread_;
};

}  // namespace outrigger::sidecar
