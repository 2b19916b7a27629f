#pragma once
#include <memory>
#include <string>
#include <vector>

#include "net/event_loop.h"
#include "net/file_descriptor.h"
#include "sidecar/connection.h"
#include "sidecar/lease.h"
#include "sidecar/listener_target.h"
#include "sidecar/service_metrics.h"
#include "sidecar/waiting_room.h"

namespace outrigger::sidecar {

class Worker;

/// A client's connection of which it is not known yet what it speaks: waits for its first bytes, and hands it over.
///
/// Where the endpoints may speak first, it waits no longer than kPatience. Then it connects to one of them, and whoever
/// speaks first decides: an endpoint, that this is no HTTP; the client, as before, since connections are often made
/// long before they are used. An endpoint that greets its client does so at once: only then is its destination not to
/// be waited for again. One that complains of the silence in HTTP, or ends it, leaves the client as it was. Where there
/// is no place at the endpoints, it waits for one as requests do, and is reset in the end; where there is no endpoint,
/// at once. An endpoint that does not connect, or resets at once, says nothing: another one is asked, three in all.
///
/// A client that stops within what may become HTTP is waited for: for head_timeout if it looks like that, which is a
/// slow client's; else for kPatience, as it may be waiting for its answer. Worker's thread only.
class UndeterminedClient final : public Connection, private net::EventHandler, private WaitingRoom::Guest {
 public:
  static constexpr std::chrono::milliseconds kPatience{50};
  static constexpr std::chrono::seconds kGreeting{1};  ///< from connecting to an endpoint until its first byte

  UndeterminedClient(Worker& worker, net::FileDescriptor client, std::shared_ptr<const ListenerTarget> target);
  ~UndeterminedClient() override;

  void close() override;
  /// Closes, unless something has arrived.
  void drain() override;

 private:
  /// The endpoint's socket, while both are watched.
  struct Upstream final : Mortal, net::EventHandler {
    explicit Upstream(UndeterminedClient& owner) : client(owner) {}
    void on_events(std::uint32_t events) override { client.on_upstream_events(events); }

    UndeterminedClient& client;
    net::FileDescriptor fd;
    Lease lease;
    ConnectionSlot slot;
    bool connected = false;
    net::Clock::time_point since;  ///< connected
  };

  void on_events(std::uint32_t events) override;
  void on_place() override { connect(); }
  void on_no_place() override { close_unserved(); }
  void on_upstream_events(std::uint32_t events);
  void on_timer();
  void on_client_end();
  void await_more();
  void connect();
  void wait_for_place(Destination& cluster);
  void wait_no_longer();
  void close_unserved();
  void on_connected();
  void on_upstream_failed(Outcome outcome);
  void try_another(balance::Backend& failed);
  void on_upstream_silent_no_more();
  void become_http1();
  void become_tunnel(DetectedProtocol protocol);
  /// Ends this, but not the client's connection.
  net::FileDescriptor leave_with(DetectedProtocol protocol);
  void forget_upstream(Outcome outcome);
  void give_upstream_back();
  void bury_upstream();

  Worker& worker_;
  net::FileDescriptor client_;
  std::shared_ptr<const ListenerTarget> target_;
  std::string received_;
  std::vector<balance::Backend*> tried_;  ///< that did not connect; compared as pointers only
  net::Clock::time_point first_byte_at_;
  std::unique_ptr<Upstream> upstream_;
  Destination* waits_at_ = nullptr;  ///< for a place
  net::Timer timer_;
  bool endpoints_may_speak_first_;
  bool closed_ = false;
};

}  // namespace outrigger::sidecar
