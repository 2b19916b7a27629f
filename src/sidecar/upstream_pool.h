#pragma once
/// The connections that a worker has to an endpoint. Worker's thread only.
#include "balance/cluster.h"
#include "net/event_loop.h"
#include "net/file_descriptor.h"

namespace outrigger::sidecar {

class Exchange;
class Http1Upstream;
class Http2Upstream;
class UpstreamStream;
class Worker;
struct Destination;

/// Endpoints that a request, or another protocol's connection, is offered to while none takes it.
inline constexpr std::size_t kMaxConnects = 3;

struct AcquiredStream {
  UpstreamStream* stream = nullptr;  ///< null: connecting has failed at once, or
  /// the cluster has as many connections as it may have, or the process as many descriptors, all of them in use
  bool no_place = false;
};
/// Starts to connect to it. Where descriptors run out, idle connections to endpoints make room.
struct StartedConnect {
  net::FileDescriptor fd;      ///< empty: it has failed at once, or
  bool no_descriptor = false;  ///< there is no descriptor for it, which says nothing about the endpoint
};
StartedConnect start_connect(Worker& worker, balance::Backend& backend);

/// On an idle connection, on one with room, or on a new one, for which an idle one to another endpoint gives way where
/// their number is limited. `fresh`: no HTTP/1.1 connection that has been idle.
AcquiredStream acquire_stream(Worker& worker, Destination& cluster, balance::Backend& backend, bool http2, bool fresh,
                              Exchange& exchange);

/// Takes an idle connection into its endpoint's pool; false: it is not wanted there.
bool pool_idle(Worker& worker, Destination& cluster, Http1Upstream& connection);
/// Closes a connection of its endpoint's pool.
void drop(Http1Upstream& connection);
void drop(Http2Upstream& connection);
/// Closes what has been idle since before `cutoff`. Returns whether any connection is left.
bool close_idle_of(balance::Backend& backend, net::Clock::time_point cutoff);

}  // namespace outrigger::sidecar
