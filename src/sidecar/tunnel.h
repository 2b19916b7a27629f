#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/event_loop.h"
#include "net/file_descriptor.h"
#include "net/relay.h"
#include "net/socket.h"
#include "sidecar/connection.h"
#include "sidecar/lease.h"
#include "sidecar/listener_target.h"
#include "sidecar/waiting_room.h"

namespace outrigger::sidecar {

class Worker;

/// A client's connection whose bytes pass through untouched: one that is balanced as a whole, one that goes where it
/// was going anyway, or one that was HTTP until both sides agreed on an upgrade. Worker's thread only.
class Tunnel final : public Connection, private net::EventHandler, private WaitingRoom::Guest {
 public:
  /// `received`: what the client has sent already. Then, when the worker has it, one of the next three, once.
  Tunnel(Worker& worker, net::FileDescriptor client, std::string received);
  ~Tunnel() override;

  /// To an endpoint of the cluster to which all of the destination's requests go, or its turn if there are several.
  void balance(Destination& destination);
  /// To that address.
  void pass_to(const net::SocketAddress& address);
  /// On a connection that is there, whose endpoint has sent `received` already.
  void join(net::FileDescriptor upstream, std::string_view received, Lease lease, ConnectionSlot slot);

  void close() override;
  /// It goes on until the grace time is over: nobody can tell both sides to come to an end.
  void drain() override {}

 private:
  void on_events(std::uint32_t events) override;
  void on_place() override { try_endpoint(); }
  void on_no_place() override { close(); }
  void try_endpoint();
  void wait_for_place();
  void connect(net::FileDescriptor upstream, net::Clock::duration patience);
  void connect_failed();
  void relay(std::string_view from_upstream);
  void leave_endpoint(Outcome outcome) { leave_endpoint(outcome, verdict_of(outcome)); }
  void leave_endpoint(Outcome outcome, balance::Verdict verdict);
  void go_to_carrier();
  void forget_upstream();

  Worker& worker_;
  net::FileDescriptor client_;
  std::string received_;
  std::size_t accounted_ = 0;              ///< of what the worker holds
  net::FileDescriptor upstream_;           ///< connecting
  Destination* destination_ = nullptr;     ///< null when it is not balanced
  Destination* wanted_cluster_ = nullptr;  ///< null when it is not balanced, or there is none
  Destination* cluster_ = nullptr;         ///< it, or what it fails over to
  Lease lease_;
  ConnectionSlot slot_;
  std::vector<balance::Backend*> tried_;
  net::Timer connect_timer_;
  std::optional<net::Relay> relay_;
  bool closed_ = false;
};

}  // namespace outrigger::sidecar
