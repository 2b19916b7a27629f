#include "balance/consistent_hash.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "result/result.h"

namespace outrigger::balance {
namespace {

constexpr std::uint32_t kNobody = std::numeric_limits<std::uint32_t>::max();

/// An endpoint's own order of all places: `at` is the next, steps of `skip` lead through all of them.
struct Walk {
  std::size_t at;
  std::size_t skip;
};

/// In which rounds the endpoints take a place: the heaviest in each, the others in proportion. Every list is of those
/// of one round.
class Rounds {
 public:
  Rounds(std::size_t rounds, std::size_t endpoints) : first_(rounds + 1, kNobody), next_(endpoints, kNobody) {}
  void put(std::uint32_t endpoint, std::uint64_t round) {
    if (round >= first_.size()) return;  // the table is full by then
    next_[endpoint] = first_[round];
    first_[round] = endpoint;
  }
  std::uint32_t take(std::size_t round) {
    const std::uint32_t endpoint = first_[round];
    if (endpoint != kNobody) first_[round] = next_[endpoint];
    return endpoint;
  }
  std::size_t size() const { return first_.size(); }

 private:
  std::vector<std::uint32_t> first_;
  std::vector<std::uint32_t> next_;
};

}  // namespace

std::size_t maglev_table_size(std::size_t endpoints) {
  // The largest primes below powers of two.
  static constexpr std::array<std::size_t, 11> kPrimes = {1'021,  2'039,   4'093,   8'191,   16'381,   32'749,
                                                          65'521, 131'071, 262'139, 524'287, 1'048'573};
  const auto found = std::lower_bound(kPrimes.begin(), kPrimes.end() - 1, 100 * endpoints);
  return *found;
}

void ConsistentHash::update(std::span<const Candidate> candidates) {
  std::vector<Part> parts;
  eligible_weight_ = 0;
  for (const Candidate& candidate : candidates) {
    const std::uint32_t weight = candidate.backend->endpoint.weight;
    parts.push_back({candidate.backend, weight, candidate.eligible});
    if (candidate.eligible) eligible_weight_ += weight;
  }
  CHECK(eligible_weight_ > 0);
  // The table is to be the same wherever the set is the same.
  std::sort(parts.begin(), parts.end(),
            [](const Part& a, const Part& b) { return a.backend->endpoint.address < b.backend->endpoint.address; });
  const bool same =
      std::equal(parts.begin(), parts.end(), parts_.begin(), parts_.end(),
                 [](const Part& a, const Part& b) { return a.backend == b.backend && a.weight == b.weight; });
  parts_ = std::move(parts);
  if (!same) build();
}

void ConsistentHash::build() {
  const std::size_t size = maglev_table_size(parts_.size());
  table_.assign(size, kNobody);
  std::uint64_t heaviest = 0;
  std::uint64_t total = 0;
  std::vector<Walk> walks;
  for (const Part& part : parts_) {
    heaviest = std::max<std::uint64_t>(heaviest, part.weight);
    total += part.weight;
    const std::uint64_t hash = part.backend->hash;
    walks.push_back({.at = hash % size, .skip = 1 + (hash >> 32) % (size - 1)});
  }
  // Enough rounds for all places: the heaviest alone takes size · heaviest / total of them.
  Rounds rounds(size * heaviest / total + 2 * heaviest + 1, parts_.size());
  std::vector<std::uint64_t> places(parts_.size(), 0);
  // Its next place is due when its part of the rounds so far makes a whole one more.
  const auto due = [&](std::uint32_t i) {
    return ((places[i] + 1) * heaviest + parts_[i].weight - 1) / parts_[i].weight;
  };
  // Everyone has the first place in the first round, or the lightest of many might have none.
  for (auto i = static_cast<std::uint32_t>(parts_.size()); i-- > 0;) rounds.put(i, 1);
  std::vector<bool> taken(size);  // most steps lead to places that are: bits stay in a near cache, the table does not
  std::size_t filled = 0;
  for (std::size_t round = 1; filled < size; ++round) {
    CHECK(round < rounds.size());
    for (std::uint32_t i = rounds.take(round); i != kNobody && filled < size; i = rounds.take(round)) {
      Walk& walk = walks[i];
      while (taken[walk.at]) {
        walk.at += walk.skip;
        if (walk.at >= size) walk.at -= size;
      }
      taken[walk.at] = true;
      table_[walk.at] = i;
      ++filled;
      ++places[i];
      rounds.put(i, due(i));
    }
  }
}

bool ConsistentHash::has_room(const Part& part, std::uint64_t in_flight) const {
  const std::uint32_t own = part.backend->load.in_flight();
  if (own < kFreely) return true;
  const double bound = kBound * static_cast<double>(in_flight + 1) * part.weight / eligible_weight_;
  return own + 1 <= std::ceil(bound);
}

Backend* ConsistentHash::pick(const Request& request) {
  const auto start = static_cast<std::size_t>(
      (static_cast<unsigned __int128>(request.hash) * static_cast<unsigned __int128>(table_.size())) >> 64);
  constexpr std::size_t kFar = 4'096;
  Backend* other = nullptr;  // eligible, for when there is no better
  for (std::size_t i = 0; i < table_.size() && (i < kFar || other == nullptr); ++i) {
    const std::size_t at = start + i < table_.size() ? start + i : start + i - table_.size();
    const Part& part = parts_[table_[at]];
    if (!part.eligible) continue;
    if (!request.has_tried(part.backend) && has_room(part, request.in_flight)) return part.backend;
    if (other == nullptr || (request.has_tried(other) && !request.has_tried(part.backend))) other = part.backend;
  }
  return other;
}

}  // namespace outrigger::balance
