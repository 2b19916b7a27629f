#pragma once
#include <cstdint>
#include <vector>

#include "balance/policy.h"

namespace outrigger::balance {

/// Requests of one hash go to one endpoint, and to the same one in every sidecar. Maglev's table (Eisenbud et al., NSDI
/// 2016, section 3.4), with parts in proportion to weight: when one of N endpoints goes, the others' keys stay but for
/// a few in a hundred. An endpoint that is not eligible, or has more than its bound in flight, is passed over for that
/// of the table's next places (bounded loads: Mirrokni, Thorup, Zadimoghaddam, SODA 2018). The bound is kBound times
/// its part of all that is in flight, but at least kFreely, since a few requests say nothing. O(1) a pick but for what
/// is passed over; O(M log M) to build, once per change of endpoints or weights, not of eligibility. Slow start does
/// not apply.
class ConsistentHash final : public Policy {
 public:
  static constexpr double kBound = 1.25;
  static constexpr std::uint32_t kFreely = 8;

  void update(std::span<const Candidate> candidates) override;
  Backend* pick(const Request& request) override;

 private:
  struct Part {
    Backend* backend;
    std::uint32_t weight;
    bool eligible;
  };
  void build();
  bool has_room(const Part& part, std::uint64_t in_flight) const;

  std::vector<Part> parts_;
  std::vector<std::uint32_t> table_;  ///< indices into parts_
  double eligible_weight_ = 0;
};

/// M for that many endpoints: a prime of at least 100 for each (the paper's advice for imbalance below 1 %), from 1,021
/// to 1,048,573, the most that it takes in memory being 4 MiB.
std::size_t maglev_table_size(std::size_t endpoints);

}  // namespace outrigger::balance
