#pragma once
#include <memory>
#include <string_view>
#include <vector>

#include "net/event_loop.h"
#include "net/file_descriptor.h"
#include "sidecar/connection.h"
#include "sidecar/http2_transport.h"
#include "sidecar/listener_target.h"

namespace outrigger::sidecar {

class Worker;

/// A client's connection that speaks HTTP/2 with prior knowledge (RFC 9113 section 3.3): each of its streams is an
/// exchange of its own. Worker's thread only.
class Http2Client final : public Connection, private Http2Transport::Owner {
 public:
  Http2Client(Worker& worker, net::FileDescriptor fd, std::shared_ptr<const ListenerTarget> target);
  ~Http2Client() override;

  /// What has been read already. Call at most once, first, and when the worker has it.
  void begin(std::string_view bytes) { transport_.receive(bytes); }

  void close() override;
  void drain() override;

 private:
  class Stream;

  http::Http2StreamHandler* on_request(http::StreamId id, const http::RequestHead& head) override;
  void on_answered(std::uint16_t status) override;
  void on_capacity_changed() override {}
  void on_batch_over() override;
  void on_transport_over() override;
  void remove(Stream& stream);
  void on_timer();
  void watch_head();
  void on_head_timer();

  Worker& worker_;
  std::string address_;  ///< of the client
  std::shared_ptr<const ListenerTarget> target_;
  net::Timer idle_timer_;
  net::Timer head_timer_;            ///< while a head is not whole
  http::StreamId partial_head_ = 0;  ///< its stream
  std::vector<Stream*> streams_;
  std::vector<Stream*> touched_;  ///< have something to pass on to their endpoints
  bool timed_out_ = false;
  bool closed_ = false;
  Http2Transport transport_;
};

}  // namespace outrigger::sidecar
