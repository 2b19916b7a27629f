#pragma once
#include <memory>
#include <vector>

#include "net/event_loop.h"
#include "sidecar/http2_transport.h"
#include "sidecar/lease.h"
#include "sidecar/mortal.h"
#include "sidecar/router.h"
#include "sidecar/upstream_stream.h"

namespace outrigger::sidecar {

class Exchange;
class Worker;

/// An HTTP/2 connection to an endpoint, shared by the exchanges of a worker. In its endpoint's pool from its beginning
/// to its end. Worker's thread only.
class Http2Upstream final : public Mortal, private Http2Transport::Owner {
 public:
  /// `fd` is connecting. `expires`: takes no new request from then on.
  Http2Upstream(Worker& worker, Destination& cluster, balance::Backend& backend, net::FileDescriptor fd,
                net::Clock::time_point expires);
  ~Http2Upstream() override;

  /// It can take another request now.
  bool has_room() const;
  /// For `exchange`, until that releases it. Requires has_room().
  UpstreamStream& open(Exchange& exchange);

  balance::Backend& backend() const { return backend_; }
  std::size_t streams() const { return streams_; }
  net::Clock::time_point idle_since() const { return idle_since_; }
  /// Closes it, which is in no pool any more, and has the worker bury it. Exchanges on it are told.
  void retire();

 private:
  class Stream;

  http::Http2StreamHandler* on_request(http::StreamId, const http::RequestHead&) override { return nullptr; }
  void on_capacity_changed() override;
  void on_batch_over() override;
  void on_transport_over() override;
  void on_connect_timeout();
  void drop_unless_retired();
  void stream_over();

  Worker& worker_;
  Destination& cluster_;
  balance::Backend& backend_;
  ConnectionSlot slot_;
  net::Timer connect_timer_;
  net::Clock::time_point expires_;
  net::Clock::time_point idle_since_;
  std::size_t streams_ = 0;
  bool timed_out_ = false;
  bool retired_ = false;
  std::vector<Stream*> touched_;  ///< have something to pass on to their clients
  Http2Transport transport_;
};

}  // namespace outrigger::sidecar
