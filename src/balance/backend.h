#pragma once
#include <cstdint>
#include <memory>
#include <string_view>

#include "balance/load.h"
#include "health/passive_health.h"
#include "model/endpoint_set.h"

namespace outrigger::balance {

/// What is shown of an endpoint: the first of these that holds.
enum class Standing : std::uint8_t {
  draining,     ///< terminating; it is used when nothing else is left
  unhealthy,    ///< fails the health checks
  unreachable,  ///< takes no connections; tried again by and by
  ejected,      ///< its answers were bad
  warming,      ///< in its slow start
  ready,
};
inline constexpr std::size_t kStandings = 6;
/// "draining", "unhealthy", "unreachable", "ejected", "warming", "ready"
std::string_view standing_text(Standing standing);

struct Backend;

/// What a worker keeps with an endpoint (its connection pool, its metrics cells): ends with the Backend. It is told of
/// what may be shown.
struct Attachment {
  virtual ~Attachment() = default;
  /// The standing, effective weight or share of traffic may have changed.
  virtual void show(const Backend& /*backend*/) {}
  virtual void ejected(health::Reason /*reason*/) {}
};

/// An endpoint as one worker sees it. Lives while it is in the set or has requests in flight.
struct Backend {
  model::Endpoint endpoint;
  std::uint64_t hash = 0;  ///< of the address, the same in every process
  Load load;
  health::PassiveHealth passive;
  bool probed_well = true;  ///< as the last health checks have found
  bool in_set = true;       ///< false: it finishes what is in flight and is never picked
  bool warming = false;
  bool on_trial_now = false;           ///< a request that decides is under way
  std::uint32_t effective_weight = 0;  ///< in hundredths of a unit of weight: less in its slow start
  /// What it counts for now: its effective weight times its tier's and zone's share of the load, and times what other
  /// Services leave the cluster of it; 0: it is not used.
  double counts_for = 0;
  static constexpr std::uint32_t kNoLevel = UINT32_MAX;
  std::uint32_t level = kNoLevel;  ///< lower is preferred; kNoLevel: it is not used from this zone
  Time first_seen{0};
  std::unique_ptr<Attachment> attachment;

  Standing standing() const;
};

/// FNV-1a (Fowler, Noll, Vo), 64 bits, mixed as SplitMix64 ends: FNV's high bits alone depend too little on the last
/// bytes. Not for keys that an adversary chooses to collide.
std::uint64_t hash_of(std::string_view text);

}  // namespace outrigger::balance
