#pragma once
/// What one sidecar says of itself on /metrics. Pure; any thread.
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "cli/api_reader.h"

namespace outrigger::cli {

/// The label `state` of outrigger_backend_state, the worst first.
inline constexpr std::array<const char*, 6> kStates = {"draining", "unhealthy", "unreachable",
                                                       "ejected",  "warming",   "ready"};
inline constexpr std::size_t kFirstUsable = 4;  ///< of kStates: from here on requests go there

struct BackendReading {
  std::optional<std::size_t> state;  ///< the worst of its workers', of kStates
  double weight = 0;
  double effective_weight = 0;
  double in_flight = 0;
  double latency_seconds = 0;               ///< 0: none
  std::map<std::string, double> tries;      ///< by outcome
  std::map<std::string, double> ejections;  ///< by reason; none of 0

  bool usable() const { return state && *state >= kFirstUsable; }
};

struct ServiceReading {
  double requests = 0;
  double server_errors = 0;                        ///< of these, answers of 500 and above
  bool panic = false;                              ///< of a worker at least
  std::map<std::string, BackendReading> backends;  ///< by address
};

struct SidecarReading {
  std::string version;                             ///< empty: it does not say
  std::optional<bool> feed_connected;              ///< none: it has no operator
  std::map<std::string, ServiceReading> services;  ///< by "NAMESPACE/NAME:PORT"
};

/// Beyond what a sidecar holds: more is no page of one.
inline constexpr std::size_t kMaxServices = 4'096;
inline constexpr std::size_t kMaxBackends = 262'144;  ///< of all Services together

/// The denial says what is wrong with the page.
Answer<SidecarReading> read_sidecar(std::string_view metrics);

}  // namespace outrigger::cli
