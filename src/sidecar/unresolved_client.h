#pragma once
#include <string>

#include "net/event_loop.h"
#include "net/file_descriptor.h"
#include "net/socket.h"
#include "sidecar/config.h"
#include "sidecar/connection.h"

namespace outrigger::sidecar {

class Worker;

/// A redirected connection to a destination of which it is not known whether it is a Service's: waits for the answer,
/// so long as UnresolvedDestinations says, and goes where it was going if there is none. Nothing of it is read
/// meanwhile. Worker's thread only.
class UnresolvedClient final : public Connection {
 public:
  UnresolvedClient(Worker& worker, net::FileDescriptor client, ListenerProtocol protocol,
                   const net::SocketAddress& wanted);
  ~UnresolvedClient() override;

  const net::SocketAddress& wanted() const { return wanted_; }
  /// All is known that will be.
  void go_on();
  void close() override;
  /// It goes on soon.
  void drain() override {}

 private:
  void on_timer();

  Worker& worker_;
  net::FileDescriptor client_;
  ListenerProtocol protocol_;
  net::SocketAddress wanted_;
  net::Timer timer_;
};

}  // namespace outrigger::sidecar
