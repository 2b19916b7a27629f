#include "integration/leader.h"

#include <gtest/gtest.h>

#include "integration/eventually.h"
#include "integration/metrics_text.h"

namespace outrigger::integration {

bool leads(Operator& replica) {
  const auto value = metric(replica.metrics(), "leader_election_master_status", {{"name", "outrigger"}});
  EXPECT_TRUE(value);
  return value == 1;
}

std::size_t leader_of(const std::vector<std::size_t>& replicas, const std::function<bool(std::size_t)>& leads) {
  std::size_t leader = kNobody;
  EXPECT_TRUE(eventually([&] {
    for (const std::size_t i : replicas) {
      if (leads(i)) leader = i;
    }
    return leader != kNobody;
  }));
  // Nobody leads beside it, be it that it has passed on just now.
  for (const std::size_t i : replicas) {
    const bool beside = leader != kNobody && i != leader && leads(i);
    EXPECT_FALSE(beside && leads(leader));
  }
  return leader;
}

std::vector<std::size_t> others(std::size_t than) {
  std::vector<std::size_t> others;
  for (std::size_t i = 0; i < kReplicas; ++i) {
    if (i != than) others.push_back(i);
  }
  return others;
}

}  // namespace outrigger::integration
