#pragma once
#include <chrono>
#include <cstdint>
#include <string>

namespace outrigger::uplink {

/// Where the operator is and how this sidecar shows who it is. Plain values; any thread.
struct OperatorConfig {
  std::string host;  ///< a name or a numeric address, to connect to and to verify the certificate against
  std::uint16_t port = 0;
  std::string ca;
  std::string certificate;  ///< empty: the operator is asked for one, with `token`
  std::string key;
  std::string token = {};  ///< of the pod's ServiceAccount, for the operator's audience
  std::string snapshot;    ///< the last known good sets; empty: not kept
  /// A Service that was dialled, not configured, and has not been used for that long is subscribed to no more; 1 s–24
  /// h.
  std::chrono::milliseconds unused_after{600'000};
  /// How long a connection waits to be told what is dialled; 10 ms–10 s. An answer takes a millisecond or two where the
  /// operator is well; what waits for one that is not must not look broken.
  std::chrono::milliseconds lookup_timeout{250};
  bool operator==(const OperatorConfig&) const = default;
};

}  // namespace outrigger::uplink
