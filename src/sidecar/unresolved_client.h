#pragma once
#include <utility>

#include "net/file_descriptor.h"
#include "net/socket.h"
#include "sidecar/config.h"
#include "sidecar/connection.h"
#include "sidecar/unresolved_destinations.h"

namespace outrigger::sidecar {

class Worker;

/// A redirected connection to a destination of which it is not known whether it is a Service's: waits for the answer,
/// and goes where it was going if there is none. Nothing of it is read meanwhile. Worker's thread only.
class UnresolvedClient final : public Connection, public UnresolvedDestinations::Guest {
 public:
  UnresolvedClient(Worker& worker, net::FileDescriptor client, ListenerProtocol protocol,
                   const net::SocketAddress& wanted)
      : worker_(worker), client_(std::move(client)), protocol_(protocol), wanted_(wanted) {}
  ~UnresolvedClient() override;

  void close() override;
  /// It goes on soon.
  void drain() override {}

 private:
  void on_told() override;

  Worker& worker_;
  net::FileDescriptor client_;
  ListenerProtocol protocol_;
  net::SocketAddress wanted_;
};

}  // namespace outrigger::sidecar
