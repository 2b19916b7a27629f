#pragma once
/// What is simulated. Plain values; any thread. Times are since the beginning.
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "health/passive_health.h"
#include "model/service_options.h"
#include "simulate/distribution.h"

namespace outrigger::simulate {

using health::Time;

struct BackendSpec {
  std::uint32_t workers = 1;  ///< what it does at a time, the rest waits; 0: all at once
  Distribution service = Exponential{1e6};
  double speed = 1;  ///< above 0
  std::uint32_t weight = 1;
  std::uint32_t tier = 0;
  std::string zone;
};

enum class Action : std::uint8_t {
  down,    ///< what is in it is lost, and it takes no connections
  up,      ///< the end of that
  stall,   ///< it takes requests and does nothing
  resume,  ///< the end of that
  join,    ///< it is in the set; before its first one it is not
  leave,   ///< it is not, and goes on with what it has
};
/// As a multiple of what the distributions say.
struct Speed {
  double factor = 1;
};
/// What requests that come from now on take.
struct ServiceTime {
  Distribution distribution;
};
/// Fails a share of the requests that come, after a time, without doing anything for them.
struct Fail {
  double share = 0;
  Time after{0};
};
/// Neighbours on the same machine: takes or gives speed, drawn anew between `low` and `high` after times that are
/// exponential with the mean `holds`. Multiplies the other speeds.
struct Antagonist {
  double low = 1;
  double high = 1;
  Time holds{0};  ///< above 0
};
/// Requests a second.
struct Rate {
  double per_second = 0;
};
using Change = std::variant<Action, Speed, ServiceTime, Fail, Antagonist, Rate>;

struct ScenarioEvent {
  Time at{0};
  Time every{0};  ///< it happens again and again; 0: once
  Time lasts{0};  ///< then what was at the beginning is there again; 0: it stays
  Change change;
  std::vector<std::uint32_t> backends;  ///< indices; of a Rate none
  bool one_of_them = false;             ///< one of them, drawn anew each time
};

struct Load {
  double rate = 0;            ///< requests a second of all sidecars together, as a Poisson process; 0: clients
  std::uint32_t clients = 0;  ///< each sends a request, waits for its end, thinks
  Distribution think = Constant{0};
  Time patience{0};  ///< after which a client gives up, an error; 0: it never does
};

struct Scenario {
  std::uint64_t seed = 1;
  Time duration{0};  ///< in which requests come; then those under way are waited for
  Time warm_up{0};   ///< from the beginning, in which nothing is measured
  Time goal{0};      ///< an answer that takes longer is a failure, though nobody gives up; 0: none
  /// One sidecar each; empty: unknown. At least one.
  std::vector<std::string> sidecar_zones = {""};
  Load load;
  model::ServiceOptions options;            ///< all but the policy
  std::vector<model::PolicyKind> policies;  ///< to be compared
  std::vector<BackendSpec> backends;        ///< at least one
  std::vector<ScenarioEvent> events;
  Time network_delay{0};  ///< one way
  Time update_delay{0};   ///< from a change of the set until the sidecars have it
};

}  // namespace outrigger::simulate
