#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "net/socket.h"

namespace outrigger::op {

/// Whom a line about a peer names: its address without the port, which is another with each connection.
std::string host_of(const net::SocketAddress& peer);

/// Keeps a log from being flooded by what peers cause: of each key once a minute, of at most kMaxKeys keys; those
/// beyond share one. One owner.
class RepeatLimit {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  static constexpr std::size_t kMaxKeys = 1'024;
  static constexpr std::chrono::minutes kInterval{1};

  /// To be logged: how many of this key were held back since the last. None: held back.
  std::optional<std::uint64_t> pass(const std::string& key, TimePoint now);

 private:
  struct Last {
    TimePoint passed;
    std::uint64_t held_back = 0;
  };
  std::map<std::string, Last> last_;
};

}  // namespace outrigger::op
