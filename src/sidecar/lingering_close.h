#pragma once
#include "net/event_loop.h"
#include "net/file_descriptor.h"
#include "sidecar/connection.h"

namespace outrigger::sidecar {

class Worker;

/// A client's connection whose last bytes are with the kernel. Closed over bytes not read it would be reset, and the
/// client might lose what it was sent (RFC 9112 section 9.6, RFC 1122 section 4.2.2.13): so its sending side is shut
/// down, and what still comes is read and dropped until the client ends it, for 2 s without a byte, for 30 s in all.
/// Worker's thread only.
class LingeringClose final : public Connection, private net::EventHandler {
 public:
  LingeringClose(Worker& worker, net::FileDescriptor fd);

  void close() override;
  /// It ends soon as it is.
  void drain() override {}

 private:
  void on_events(std::uint32_t events) override;
  void on_timer();
  net::Clock::duration left() const;

  Worker& worker_;
  net::FileDescriptor fd_;
  net::Clock::time_point begun_;
  net::Clock::time_point last_active_;
  net::Timer timer_;
};

}  // namespace outrigger::sidecar
