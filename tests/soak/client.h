#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "balance/random.h"
#include "net/event_loop.h"
#include "net/stream.h"
#include "soak/ledger.h"

namespace outrigger::soak {

/// No request takes longer, on however busy a machine, unless it hangs.
inline constexpr std::chrono::seconds kRequestDeadline{60};

/// What a client is about.
struct Traffic {
  std::string address;  ///< of the sidecar's listener
  /// What is sent next: over HTTP/1.1 all of it at once, one behind the other.
  std::function<std::vector<Plan>(balance::Random&)> next;
  std::uint64_t leave_percent = 0;           ///< batches in whose midst the client goes away
  std::uint64_t new_connection_percent = 0;  ///< batches after which it makes a new connection
  std::uint64_t pause_percent = 0;           ///< batches before which it waits for up to 50 ms
  std::size_t streams = 1;                   ///< HTTP/2: at a time
};

/// Sends requests one after the other from start() on until stop(), each with a deadline, and has each recorded. Loop's
/// thread only.
class Client {
 public:
  virtual ~Client() = default;
  virtual void start() = 0;
  /// What is under way is still waited for.
  virtual void stop() = 0;
  virtual bool idle() const = 0;
};

std::unique_ptr<Client> make_http1_client(net::EventLoop& loop, Ledger& ledger, Traffic traffic, std::uint64_t seed);
std::unique_ptr<Client> make_http2_client(net::EventLoop& loop, Ledger& ledger, Traffic traffic, std::uint64_t seed);
/// Plans with an HTTP/1.1 upgrade (`method` GET) or without (`method` empty); their bodies come back.
std::unique_ptr<Client> make_tunnel_client(net::EventLoop& loop, Ledger& ledger, Traffic traffic, std::uint64_t seed);

/// Compares an answer with what its script promises.
class AnswerCheck {
 public:
  explicit AnswerCheck(const Plan& plan) : plan_(plan) {}

  void on_head(const http::ResponseHead& head, Seen& seen);
  void on_data(std::string_view bytes, Seen& seen);
  void on_end(Seen& seen) const;

 private:
  const Plan& plan_;
  std::string expected_;
  std::size_t received_ = 0;
  bool known_ = false;
};

/// Ends a stream, also from within its callbacks.
void drop(net::EventLoop& loop, std::unique_ptr<net::Stream>& stream, bool with_reset = false);

/// Connects to this machine. Out of descriptors is a CHECK.
std::unique_ptr<net::Stream> connect(net::EventLoop& loop, const std::string& address,
                                     net::Stream::Callbacks callbacks);

}  // namespace outrigger::soak
