#pragma once
#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "identity/issuer.h"
#include "identity/trust_bundle.h"

namespace outrigger::identity {

/// How long things take when roots change.
struct RootTiming {
  std::chrono::seconds root_life = kRootLife;
  std::chrono::seconds leaf_life = std::chrono::hours(24);
  /// For replicas that have not yet seen what the leader has written, and for clocks that differ.
  std::chrono::seconds margin = std::chrono::hours(1);

  /// After so long, no valid leaf is left from before.
  std::chrono::seconds overlap() const { return leaf_life + margin; }
};

/// Who signs, who is trusted and how far a change of root has come. A workload learns the bundle when it gets its leaf
/// and at no other time, so a change takes three steps with a leaf's life between them: the next root joins the bundle,
/// it begins to sign, the former one leaves. The bundle always holds every root that a valid leaf may be of.
/// A value; one owner at a time.
class RootState {
 public:
  /// Keys and values of a Secret of type kubernetes.io/tls. tls.crt, tls.key, ca.crt are as cert-manager has them; of
  /// our own are next.crt and next.key, the root that will sign, next.since, when it joined ca.crt, and tls.since, when
  /// tls.crt began to sign while former roots are still in ca.crt (RFC 3339).
  using Data = std::map<std::string, std::string>;

  static RootState create(TimePoint now, const RootTiming& timing);
  /// The error names the key and what is allowed, and shows no value.
  static Result<RootState> read(const Data& data);
  Data data() const;

  const Issuer& issuer() const { return issuer_; }
  const TrustBundle& bundle() const { return bundle_; }

  /// Takes the steps that are due, making roots: begins a change at two thirds of the root's life, or earlier where
  /// that leaves no room for the three steps. Returns what was done, for a person; empty: nothing.
  std::string advance(TimePoint now, const RootTiming& timing);

  /// For a Secret that someone else writes: takes over what it says now, `seen`, by the same steps, so that nobody is
  /// cut off by a root that was replaced in one stroke; and takes those that are due. Returns what was done. What is
  /// under way is known to this object alone: one made anew from the Secret begins with what that says.
  std::string follow(const RootState& seen, TimePoint now, const RootTiming& timing);

 private:
  RootState(Issuer issuer, TrustBundle bundle) : issuer_(std::move(issuer)), bundle_(std::move(bundle)) {}

  std::string mend_times(TimePoint now, const RootTiming& timing);
  std::string switch_if_due(TimePoint now, const RootTiming& timing);
  std::string drop_if_due(const TrustBundle& kept, TimePoint now, const RootTiming& timing);
  void begin_change(Issuer next, TimePoint now);
  TimePoint change_time(const RootTiming& timing) const;

  Issuer issuer_;
  TrustBundle bundle_;
  std::optional<TimePoint> signing_since_;  ///< set while former roots are in the bundle
  std::optional<Issuer> next_;
  TimePoint next_since_;  ///< counts with next_
};

}  // namespace outrigger::identity
