#pragma once
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <random>
#include <string>

#include "kube/boot_clock.h"
#include "kube/lease.h"
#include "result/result.h"

namespace outrigger::kube {

/// The defaults are client-go's.
struct ElectionTiming {
  /// How long after the last renewal that others have seen they wait before they take the Lease.
  std::chrono::seconds lease_duration{15};
  /// How long after the beginning of its last renewal that succeeded the leader believes it leads.
  std::chrono::milliseconds renew_deadline{10'000};
  /// From one try to the next; each is drawn between it and kJitter times it.
  std::chrono::milliseconds retry_period{2'000};

  static constexpr double kJitter = 1.2;
  /// Of one try: two that hang do not lose the Lease.
  std::chrono::milliseconds try_timeout() const {
    return std::min<std::chrono::milliseconds>(std::chrono::seconds(4), renew_deadline / 3);
  }
};

/// client-go's conditions: lease_duration > renew_deadline > kJitter · retry_period > 0. The error names what is wrong.
Result<void> check_timing(const ElectionTiming& timing);

/// The rules of leader election on a Lease, as client-go's: values in, values out, no clock. One owner.
///
/// Never compares two machines' wall clocks: how old another's renewal is counts from when it was first seen here. A
/// leader believes for renew_deadline from the beginning of a renewal, others wait lease_duration from when they saw
/// it, which is not before: between the two lies what clocks may differ in speed. Who deletes the Lease or writes
/// another holder into it by hand may have two leaders until the old one's next try.
class LeaderElection {
 public:
  using TimePoint = BootClock::time_point;

  struct Write {
    std::string version;  ///< to be replaced; empty: there is no Lease, it is to be made
    LeaseRecord record;
  };

  /// Requires an `identity` that nobody else has or had, and timing that passes check_timing().
  LeaderElection(std::string identity, const ElectionTiming& timing, std::uint64_t seed);

  /// Whether a try begins with reading the Lease: always, but when it is ours and our last write is what it has.
  bool must_read() const { return !current_ || record_.holder != identity_; }
  /// What was read; nothing: there is no Lease.
  void observe(const std::optional<Lease>& lease, TimePoint now);
  /// What is to be written now, if anything: not while the Lease is another's. `wall_time`: MicroTime, for people.
  std::optional<Write> next_write(TimePoint now, const std::string& wall_time) const;
  /// The API server has taken the write of a try that began at `begun`.
  void written(const Write& write, std::string version, TimePoint begun, TimePoint now);
  /// A write has failed, or perhaps not: nobody answered, or another was faster.
  void doubt();

  /// When the next try is due, drawn anew from when the last one began: one that hung is followed by another at once.
  TimePoint next_try(TimePoint begun, TimePoint now);

  bool leading(TimePoint now) const { return now < leads_until_; }
  TimePoint leads_until() const { return leads_until_; }
  /// Who holds the Lease as last seen; empty: nobody, or not known.
  const std::string& holder() const { return record_.holder; }

  /// Leads no more. True: the Lease is ours or may be, so that it is to be released, after a read when must_read().
  bool resign();
  /// What releases it: others take it at once. Nothing when it is not ours.
  std::optional<Write> release_write(const std::string& wall_time) const;

 private:
  TimePoint expiry() const;

  std::string identity_;
  ElectionTiming timing_;
  std::mt19937_64 random_;
  LeaseRecord record_;      ///< as last seen or written
  std::string version_;     ///< its; empty: there is no Lease
  bool current_ = false;    ///< nothing is known that speaks against record_ and version_
  bool doubted_ = false;    ///< a write of ours may have succeeded without our knowing
  TimePoint record_since_;  ///< when record_ was first seen
  TimePoint leads_until_ = TimePoint::min();
};

}  // namespace outrigger::kube
