#include "sidecar/upstream_pool.h"

#include <algorithm>
#include <limits>

#include "net/signal_watch.h"
#include "net/socket.h"
#include "sidecar/http1_upstream.h"
#include "sidecar/http2_upstream.h"
#include "sidecar/worker.h"

namespace outrigger::sidecar {
namespace {

constexpr std::size_t kMaxIdle = 1'024;  ///< idle HTTP/1.1 connections kept to one endpoint, a worker

/// Whether there may be one more connection, if need be in place of an idle one.
bool make_place(Destination& cluster) {
  if (cluster.has_connection_place()) return true;
  for (balance::Backend* backend : cluster.cluster.backends()) {
    EndpointState& state = state_of(*backend);
    if (!state.idle.empty()) {
      drop(*state.idle.front());
      return true;
    }
    const auto unused = std::find_if(state.shared.begin(), state.shared.end(),
                                     [](const Http2Upstream* connection) { return connection->streams() == 0; });
    if (unused != state.shared.end()) {
      drop(**unused);
      return true;
    }
  }
  return false;
}

/// When a connection made now is too old: spread by a tenth either way, so that those made together do not end
/// together.
net::Clock::time_point expiry(Worker& worker, const Destination& cluster) {
  const auto age = cluster.cluster.options().max_connection_age;
  if (age.count() == 0) return net::Clock::time_point::max();
  const auto tenth = std::chrono::duration_cast<std::chrono::microseconds>(age) / 10;
  const auto spread =
      std::chrono::microseconds(worker.random().below(static_cast<std::uint64_t>(2 * tenth.count() + 1)));
  return worker.loop().now() + age - tenth + spread;
}

Http1Upstream* idle_http1(EndpointState& state) {
  while (!state.idle.empty()) {
    Http1Upstream* const connection = state.idle.back();
    state.idle.pop_back();
    if (!connection->expired()) return connection;
    connection->retire();
  }
  return nullptr;
}

Http2Upstream* shared_with_room(EndpointState& state) {
  const auto found = std::find_if(state.shared.begin(), state.shared.end(),
                                  [](const Http2Upstream* connection) { return connection->has_room(); });
  return found == state.shared.end() ? nullptr : *found;
}

}  // namespace

StartedConnect start_connect(Worker& worker, balance::Backend& backend) {
  const net::SocketAddress& address = state_of(backend).address;
  if (auto socket = net::start_connect(address)) {
    if (worker.is_kept_back(socket->get())) worker.make_room();
    return {std::move(*socket)};
  }
  if (net::next_descriptor() < net::descriptor_limit()) return {};
  worker.make_room();
  if (auto socket = net::start_connect(address)) return {std::move(*socket)};
  return {.fd = {}, .no_descriptor = net::next_descriptor() >= net::descriptor_limit()};
}

AcquiredStream acquire_stream(Worker& worker, Destination& cluster, balance::Backend& backend, bool http2, bool fresh,
                              Exchange& exchange) {
  EndpointState& state = state_of(backend);
  if (http2) {
    if (Http2Upstream* const connection = shared_with_room(state)) return {&connection->open(exchange)};
  } else if (Http1Upstream* const connection = fresh ? nullptr : idle_http1(state)) {
    connection->serve(exchange);
    return {connection};
  }
  if (!make_place(cluster)) return {nullptr, true};
  auto started = start_connect(worker, backend);
  if (!started.fd) return {nullptr, started.no_descriptor};
  if (http2) {
    auto* const connection =
        new Http2Upstream(worker, cluster, backend, std::move(started.fd), expiry(worker, cluster));
    state.shared.push_back(connection);
    worker.idle_connections_exist();
    return {&connection->open(exchange)};
  }
  auto* const connection = new Http1Upstream(worker, cluster, backend, std::move(started.fd), expiry(worker, cluster));
  connection->serve(exchange);
  return {connection};
}

bool pool_idle(Worker& worker, Destination& cluster, Http1Upstream& connection) {
  auto& idle = state_of(connection.backend()).idle;
  if (!connection.backend().in_set || idle.size() >= kMaxIdle) return false;
  idle.push_back(&connection);
  worker.idle_connections_exist();
  cluster.waiting_room.place_is_free();
  return true;
}

void drop(Http1Upstream& connection) {
  std::erase(state_of(connection.backend()).idle, &connection);
  connection.retire();
}

void drop(Http2Upstream& connection) {
  std::erase(state_of(connection.backend()).shared, &connection);
  connection.retire();
}

bool close_idle_of(balance::Backend& backend, net::Clock::time_point cutoff) {
  EndpointState& state = state_of(backend);
  const auto close_if_idle = [cutoff](auto* connection) {
    if (connection->idle_since() >= cutoff) return false;
    connection->retire();
    return true;
  };
  std::erase_if(state.idle, close_if_idle);
  std::erase_if(state.shared,
                [&](Http2Upstream* connection) { return connection->streams() == 0 && close_if_idle(connection); });
  return !state.idle.empty() || !state.shared.empty();
}

}  // namespace outrigger::sidecar
