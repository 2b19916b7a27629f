/// Cluster::refresh(): from what is known of the endpoints to who takes part and how much.
#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <string_view>

#include "balance/cluster.h"
#include "balance/slow_start.h"
#include "result/result.h"

namespace outrigger::balance {

using health::PassiveHealth;
using model::ZoneAware;

void Cluster::refresh(Time now) {
  if (!changed_ && (!next_change_ || now < *next_change_)) return;
  changed_ = false;
  census_.reset();
  next_change_.reset();
  pass_time(now);
  if (std::exchange(pools_changed_, false)) form_pools();
  share_out(now);
  gather_trials();
  update_policies();
  for (Backend* backend : in_set_) {
    if (backend->attachment) backend->attachment->show(*backend);
  }
}

void Cluster::change_by(Time when) {
  if (!next_change_ || when < *next_change_) next_change_ = when;
}

std::optional<Time> Cluster::next_change() const { return next_change_; }

bool Cluster::is_available(const Backend& backend) const {
  return !backend.endpoint.draining && backend.probed_well && backend.passive.state() == PassiveHealth::State::in_use &&
         backend.level != Backend::kNoLevel;
}

void Cluster::pass_time(Time now) {
  for (Backend* backend : in_set_) {
    if (backend->passive.state() == PassiveHealth::State::ejected) {
      if (now >= backend->passive.until()) {
        backend->passive.begin_trial();
      } else {
        change_by(backend->passive.until());
      }
    }
    const Time age = std::max(Time(0), now - backend->first_seen);
    if (backend->warming && age >= options_.slow_start) backend->warming = false;
    std::uint32_t percent = 100;
    if (backend->warming) {
      percent = slow_start_percent(age, options_.slow_start);
      change_by(backend->first_seen + next_slow_start_step(age, options_.slow_start));
    }
    backend->effective_weight = backend->endpoint.weight * percent;
  }
}

ZoneAware Cluster::zone_rule() const {
  if (zone_.empty()) return ZoneAware::off;
  if (options_.zone_aware != ZoneAware::automatic) return options_.zone_aware;
  // As kube-proxy: hints hold if every endpoint has one, and one of them is for here.
  bool any_local = false;
  for (const Backend* backend : in_set_) {
    if (backend->endpoint.draining) continue;
    if (backend->endpoint.for_zones.empty()) return ZoneAware::off;
    any_local = any_local || is_local(backend->endpoint);
  }
  return any_local ? ZoneAware::automatic : ZoneAware::off;
}

bool Cluster::is_local(const model::Endpoint& endpoint) const {
  if (endpoint.for_zones.empty()) return endpoint.zone == zone_;
  return std::find(endpoint.for_zones.begin(), endpoint.for_zones.end(), zone_) != endpoint.for_zones.end();
}

void Cluster::form_pools() {
  const ZoneAware rule = zone_rule();
  std::vector<Pool> old = std::move(pools_);
  pools_.clear();
  for (Backend* backend : in_set_) {
    const model::Endpoint& endpoint = backend->endpoint;
    Pool key;
    key.draining = endpoint.draining;
    key.tier = endpoint.draining ? 0 : endpoint.tier;
    const bool zones_count = rule == ZoneAware::strict || (rule != ZoneAware::off && !endpoint.draining);
    key.remote = zones_count && !is_local(endpoint);
    const auto same = [&](const Pool& pool) { return pool.key() == key.key(); };
    auto pool = std::find_if(pools_.begin(), pools_.end(), same);
    if (pool == pools_.end()) {
      const auto known = std::find_if(old.begin(), old.end(), same);
      if (known != old.end()) key.policy = std::move(known->policy);
      pool = pools_.insert(pools_.end(), std::move(key));
    }
    pool->members.push_back(backend);
  }
  if (rule == ZoneAware::strict) std::erase_if(pools_, [](const Pool& pool) { return pool.remote; });
  std::sort(pools_.begin(), pools_.end(), [](const Pool& a, const Pool& b) { return a.key() < b.key(); });
  for (Backend* backend : in_set_) backend->level = Backend::kNoLevel;
  for (std::uint32_t level = 0; level < pools_.size(); ++level) {
    for (Backend* backend : pools_[level].members) backend->level = level;
  }
}

void Cluster::share_out(Time now) {
  struct Tier {
    std::uint64_t available = 0;
    std::uint64_t total = 0;
  };
  std::map<std::uint32_t, Tier> tiers;
  for (Pool& pool : pools_) {
    pool.total = pool.available = 0;
    pool.share = 0;
    pool.panic = false;
    for (const Backend* backend : pool.members) {
      pool.total += backend->endpoint.weight;
      if (is_available(*backend)) pool.available += backend->endpoint.weight;
    }
    if (pool.draining) continue;
    tiers[pool.tier].available += pool.available;
    tiers[pool.tier].total += pool.total;
  }

  const bool at_once = !known_ || (tiers.size() == 1 && !relieved_);
  std::vector<std::uint32_t> names;
  std::vector<double> capacities;
  std::vector<double> held;
  for (const auto& [name, tier] : tiers) {
    names.push_back(name);
    capacities.push_back(capacity_of(tier.available, tier.total));
    held.push_back(capacities_.update(name, capacities.back(), options_.failback_delay, at_once, now));
  }
  capacities_.keep_only(names);
  if (const auto rise = capacities_.next_rise()) change_by(*rise);

  const bool strict = options_.failover_mode == model::FailoverMode::strict;
  const auto sum = [](const std::vector<double>& parts) { return std::accumulate(parts.begin(), parts.end(), 0.0); };
  capacity_ = std::min(1.0, sum(held));
  if (strict && capacity_ > 0) capacity_ = 1;
  // What could carry more does not wait while the load is too much for the rest; nor for whoever comes here all the
  // same.
  const bool in_need = (capacity_ < 1 && !relieved_) || capacity_ == 0;
  const std::vector<double> shares = tier_shares(in_need ? capacities : held, strict);
  const bool overloaded = sum(capacities) < 1 && !relieved_;
  panic_ = false;
  for (std::size_t first = 0, i = 0; i < names.size(); ++i) {
    std::size_t last = first;
    while (last < pools_.size() && !pools_[last].draining && pools_[last].tier == names[i]) ++last;
    const std::span<Pool> tier(&pools_[first], last - first);
    divide_by_zone(tier, shares[i]);
    const Tier& counts = tiers[names[i]];
    const bool panic = overloaded && shares[i] > 0 && counts.available * 2 < counts.total;
    for (Pool& pool : tier) pool.panic = panic;
    panic_ = panic_ || panic;
    first = last;
  }
  if (sum(shares) > 0 || pools_.empty()) return;
  // Nothing is well: what is draining still serves, else all of the first tier may be better than said.
  Pool& last_resort = pools_.back().draining ? pools_.back() : pools_.front();
  last_resort.share = 1;
  last_resort.panic = panic_ = !last_resort.draining && !relieved_;
}

void Cluster::divide_by_zone(std::span<Pool> tier, double share) const {
  if (tier.size() == 1 || tier[0].available + tier[1].available == 0) {
    tier[0].share = share;
    return;
  }
  double local = 1;
  if (zone_rule() == ZoneAware::automatic) {
    // Whoever gave the hints has seen to it that there are enough.
    if (tier[1].available > 0) local = capacity_of(tier[0].available, tier[0].total);
  } else {
    std::set<std::string_view> zones;
    for (const Pool& pool : tier) {
      for (const Backend* backend : pool.members) zones.insert(backend->endpoint.zone);
    }
    local = local_share(tier[0].available, tier[0].available + tier[1].available, tier[0].total + tier[1].total,
                        zones.size());
  }
  tier[0].share = share * local;
  tier[1].share = share * (1 - local);
}

void Cluster::gather_trials() {
  // A standby that nobody needs is not asked whether it is well again: it may not even be able to do what is asked, as
  // a replica that only reads.
  std::uint32_t last_used = 0;
  for (const Pool& pool : pools_) {
    if (pool.share > 0 && !pool.draining) last_used = std::max(last_used, pool.tier);
  }
  trials_.clear();
  for (Backend* backend : in_set_) {
    const bool waits = backend->passive.state() == PassiveHealth::State::on_trial && !backend->on_trial_now;
    if (!waits || !backend->probed_well || backend->endpoint.draining || backend->level == Backend::kNoLevel) continue;
    if (backend->endpoint.tier <= last_used || capacity_ < 1) trials_.push_back(backend);
  }
}

bool Cluster::is_eligible(const Pool& pool, const Backend& backend) const {
  if (pool.draining || is_available(backend)) return true;
  return pool.panic && backend.standing() != Standing::unreachable;
}

void Cluster::update_policies() {
  const bool any_warming =
      std::any_of(in_set_.begin(), in_set_.end(), [](const Backend* backend) { return backend->warming; });
  const double carried = relieved_ ? capacity_ : 1;
  for (Backend* backend : in_set_) backend->counts_for = 0;
  for (Pool& pool : pools_) {
    if (pool.share == 0) {
      pool.policy = nullptr;
      pool.candidates.clear();
      continue;
    }
    std::vector<Candidate> candidates;
    bool any = false;
    for (Backend* backend : pool.members) {
      const bool eligible = is_eligible(pool, *backend);
      any = any || eligible;
      candidates.push_back({.backend = backend,
                            .weight = any_warming ? backend->effective_weight : backend->endpoint.weight,
                            .eligible = eligible});
    }
    if (!any) {
      for (Candidate& candidate : candidates) candidate.eligible = true;
    }
    for (const Candidate& candidate : candidates) {
      if (!candidate.eligible) continue;
      candidate.backend->counts_for = carried * pool.share * candidate.backend->effective_weight / 100;
    }
    if (pool.policy && candidates == pool.candidates) continue;
    if (!pool.policy) pool.policy = make_policy(options_.policy, random_);
    pool.policy->update(candidates);
    pool.candidates = std::move(candidates);
  }
}

}  // namespace outrigger::balance
