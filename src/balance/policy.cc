#include "balance/policy.h"

#include <algorithm>

#include "balance/consistent_hash.h"
#include "balance/least_connections.h"
#include "balance/response_time.h"
#include "balance/round_robin.h"
#include "balance/smooth_weighted_round_robin.h"
#include "balance/weighted_random.h"

namespace outrigger::balance {

bool Request::has_tried(const Backend* backend) const {
  return std::find(tried.begin(), tried.end(), backend) != tried.end();
}

std::unique_ptr<Policy> make_policy(model::PolicyKind kind, Random& random) {
  switch (kind) {
    case model::PolicyKind::round_robin: return std::make_unique<RoundRobin>(random);
    case model::PolicyKind::weighted_round_robin: return std::make_unique<SmoothWeightedRoundRobin>(random);
    case model::PolicyKind::least_connections: return std::make_unique<LeastConnections>(false, random);
    case model::PolicyKind::weighted_least_connections: return std::make_unique<LeastConnections>(true, random);
    case model::PolicyKind::response_time: return std::make_unique<ResponseTime>(random);
    case model::PolicyKind::random: return std::make_unique<WeightedRandom>(random);
    case model::PolicyKind::consistent_hash: return std::make_unique<ConsistentHash>();
  }
  CHECK(false);
}

}  // namespace outrigger::balance
