#pragma once
/// What came of a run. Plain values; any thread.
#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "model/service_options.h"
#include "simulate/histogram.h"

namespace outrigger::simulate {

/// Why a request was not answered well.
enum class Failure : std::uint8_t {
  gave_up,        ///< its client did not wait any longer
  timed_out,      ///< its sidecar did not (the Service's timeout)
  bad_answer,     ///< a server error
  reset,          ///< the connection ended before an answer
  not_connected,  ///< no backend took the connection
  no_endpoint,    ///< the set was empty
  unfinished,     ///< it would have waited for ever
  late,           ///< answered well, but not within the scenario's goal
};
inline constexpr std::size_t kFailures = 8;
/// "gave up", "timed out", "bad answer", "reset", "not connected", "no endpoint", "unfinished",
/// "late"
std::string_view failure_text(Failure failure);

struct BackendOutcome {
  std::uint64_t tries = 0;  ///< that came to it
  double mean_in_flight = 0;
  std::uint32_t max_in_flight = 0;
};

/// One second of the run, the warm-up's too.
struct Second {
  std::uint64_t good = 0;  ///< requests that ended in it
  std::uint64_t failed = 0;
  Time p99{0};                       ///< of those that were answered well, also late
  std::vector<std::uint32_t> tries;  ///< that came to each backend
};

/// Of the requests that came between the end of the warm-up and the end of the run, if it does not say otherwise.
struct Outcome {
  model::PolicyKind policy{};
  std::uint64_t seed = 0;

  std::uint64_t requests = 0;
  std::array<std::uint64_t, kFailures> failures{};
  std::uint64_t retries = 0;    ///< further tries, of the whole run
  std::uint64_t ejections = 0;  ///< by all sidecars, of the whole run
  /// From the client's request to its end: of requests that were answered well, and of those that were given up, with
  /// the time that was waited. Quick failures would flatter it.
  Histogram latency;
  std::vector<BackendOutcome> backends;
  /// [k]: the share of time and backends with at least k requests in flight; [0] is 1.
  std::vector<double> at_least;
  std::vector<Second> seconds;
  std::uint64_t events = 0;  ///< what the simulator did

  std::uint64_t failed() const;
  /// Of the requests; 1 if there were none.
  double success_rate() const;
  /// Requests in flight at a backend, on average over backends and time.
  double mean_in_flight() const;
  std::uint32_t max_in_flight() const;
  /// The coefficient of variation over the backends of their mean in-flight: 0 if all are equally busy.
  double load_variation() const;
};

}  // namespace outrigger::simulate
