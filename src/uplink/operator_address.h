#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <thread>

#include "net/event_loop.h"
#include "net/socket.h"
#include "result/result.h"

namespace outrigger::uplink {

/// Where the operator is: a numeric address, or the addresses of a name in turn, since some may not be listened on, and
/// from a random one on, so that sidecars spread over replicas. Looks names up on a thread of its own: getaddrinfo()
/// blocks for as long as the resolver likes. One call at a time; control thread only.
class OperatorAddress {
 public:
  OperatorAddress(net::EventLoop& loop, std::string host, std::uint16_t port, std::uint64_t first_turn);
  /// Waits for a look-up under way; its answer is not given.
  ~OperatorAddress();

  using Found = std::function<void(Result<net::SocketAddress>)>;
  /// `found` is called from the loop, once.
  void find(Found found);
  bool finding() const { return finding_; }

 private:
  void look_up(std::uint64_t turn, const Found& found);
  void answer(const Found& found, Result<net::SocketAddress> address);

  net::EventLoop& loop_;
  std::string host_;
  std::uint16_t port_;
  std::uint64_t turn_;
  bool finding_ = false;
  std::thread resolver_;
};

}  // namespace outrigger::uplink
