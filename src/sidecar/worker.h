#pragma once
#include <array>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "balance/random.h"
#include "http/message.h"
#include "net/event_loop.h"
#include "net/socket.h"
#include "sidecar/client_connection.h"
#include "sidecar/router.h"
#include "sidecar/service_metrics.h"

namespace outrigger::sidecar {

/// A thread that carries requests: its own event loop, listening sockets, connections, clusters and random numbers. It
/// shares nothing with other workers on the way of a request. The first group of calls is for the control thread; the
/// second for the worker's own.
class Worker {
 public:
  /// `cells` outlives the worker.
  Worker(std::size_t index, std::uint64_t seed, WorkerCells& cells);
  /// Ends the thread; connections are closed as they are.
  ~Worker();

  /// Listeners, by name, that go to another service from now on, on the same socket.
  using Turns = std::map<std::string, model::ServicePort>;

  /// Between two requests, so that none finds a table without what its listener points to.
  void apply(std::shared_ptr<const RoutingTable> table, const Turns& turned = {});
  void add_listener(const std::string& name, const model::ServicePort& service, net::FileDescriptor socket);
  void remove_listener(const std::string& name);
  /// Stops accepting, closes what is idle, ends the others with their exchange.
  void drain();

  net::EventLoop& loop() { return loop_; }
  std::span<char> scratch() { return scratch_; }
  /// For bytes about to be sent: overwritten by the next user.
  std::string& out() { return out_; }
  http::RequestHead& request_head() { return request_head_; }
  http::ResponseHead& response_head() { return response_head_; }
  bool draining() const { return draining_; }
  std::string take_buffer();
  void return_buffer(std::string buffer);
  void accept(net::FileDescriptor fd, std::shared_ptr<const ListenerTarget> target);
  /// The connection is closed: its object ends with this round of events.
  void bury(ClientConnection& connection);
  void idle_connections_exist();

 private:
  class Listener;

  void close_idle_upstreams();

  net::EventLoop loop_;
  balance::Random random_;
  WorkerCells& cells_;
  Router router_;
  std::array<char, 64 * 1024> scratch_;
  std::string out_;
  http::RequestHead request_head_;
  http::ResponseHead response_head_;
  std::vector<std::string> buffers_;
  std::unordered_map<std::string, std::unique_ptr<Listener>> listeners_;
  std::unordered_map<ClientConnection*, std::unique_ptr<ClientConnection>> connections_;
  net::Timer idle_timer_;
  bool draining_ = false;
  std::thread thread_;
};

}  // namespace outrigger::sidecar
