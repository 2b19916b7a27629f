#include "balance/cluster.h"

#include <algorithm>

#include "balance/weighted_choice.h"
#include "result/result.h"

namespace outrigger::balance {
namespace {

bool contains(std::span<Backend* const> backends, const Backend* backend) {
  return std::find(backends.begin(), backends.end(), backend) != backends.end();
}

bool takes_turns(model::PolicyKind kind) {
  return kind == model::PolicyKind::round_robin || kind == model::PolicyKind::weighted_round_robin;
}

}  // namespace

void Cluster::update(const model::ServiceOptions& options, std::span<const model::Endpoint> endpoints, Time now) {
  const std::vector<Backend*> before = std::move(in_set_);
  for (Backend* backend : before) backend->in_set = false;
  in_set_.clear();
  for (const model::Endpoint& endpoint : endpoints) {
    auto& backend = by_address_[endpoint.address];
    if (backend && backend->in_set) continue;
    if (!backend) {
      backend = std::make_unique<Backend>();
      backend->hash = hash_of(endpoint.address);
      by_hash_.emplace(backend->hash, backend.get());
      backend->warming = known_;
      backend->first_seen = now;
    } else if (backend->endpoint.pod != endpoint.pod) {
      backend->load.forget();
      backend->passive.forget();
      backend->warming = known_;
      backend->first_seen = now;
    }
    backend->in_set = true;
    backend->endpoint = endpoint;
    in_set_.push_back(backend.get());
  }
  adopt(options, now);
  pools_changed_ = true;
  note_change();
  // Before a backend ends, so that no new one has its address in memory while a policy still knows it.
  refresh(now);
  known_ = known_ || !in_set_.empty();
  for (Backend* backend : before) {
    if (!backend->in_set) backend->probed_well = true;  // it is not probed any more
    end_if_over(*backend);
  }
}

void Cluster::adopt(const model::ServiceOptions& options, Time now) {
  if (options.policy != options_.policy) {
    for (Pool& pool : pools_) pool.policy = nullptr;
  }
  const bool judges_alike =
      options.outlier_failures == options_.outlier_failures && options.outlier_window == options_.outlier_window;
  options_ = options;
  if (judges_alike) return;
  window_end_ = now + options.outlier_window;
  for (Backend* backend : in_set_) {
    backend->passive.begin_window();
    // Whoever turns it off wants them back.
    if (options.outlier_failures == 0 && !backend->passive.is_unreachable()) backend->passive.forget();
  }
}

void Cluster::set_zone(const std::string& zone) {
  if (std::exchange(zone_, zone) == zone) return;
  pools_changed_ = true;
  note_change();
}

void Cluster::set_relieved(bool relieved) {
  if (std::exchange(relieved_, relieved) != relieved) note_change();
}

void Cluster::set_probed(Backend& backend, bool well) {
  if (std::exchange(backend.probed_well, well) != well) note_change();
}

Call Cluster::pick(const Request& asked) {
  judge_success_rates(asked.now);
  refresh(asked.now);
  if (pools_.empty()) return {};
  Request request = asked;
  request.in_flight = in_flight_;
  request.requests = ++requests_;
  if (request.wanted != nullptr && request.wanted->in_set && is_available(*request.wanted) &&
      !request.has_tried(request.wanted)) {
    return begin(*request.wanted, request.now);
  }
  if (!trials_.empty()) {
    if (Backend* const backend = take_trial(request)) {
      Call call = begin(*backend, request.now);
      call.decides = backend->on_trial_now = true;
      return call;
    }
  }
  Pool& pool = choose_pool(request);
  Backend* picked = nullptr;
  // A retry takes nobody's turn: the endpoint that it left would be next ever and again.
  if (request.tried.empty() || !takes_turns(options_.policy)) picked = pool.policy->pick(request);
  if (picked == nullptr || request.has_tried(picked)) picked = draw_untried(request.tried);
  // Beside one that is away, another may have failed by chance.
  if (picked == nullptr) picked = draw_untried(request.tried.last(1));
  if (picked == nullptr) picked = pool.policy->pick(request);
  return begin(*picked, request.now);
}

Call Cluster::begin(Backend& backend, Time now) {
  backend.load.begin(now);
  ++in_flight_;
  return {.backend = &backend, .started = now, .waits = true};
}

Cluster::Pool& Cluster::choose_pool(const Request& request) {
  Pool* chosen = nullptr;
  double left = 2;  // drawn when there is a choice
  for (Pool& pool : pools_) {
    if (pool.share == 0) continue;
    if (pool.share == 1) return pool;
    const bool by_hash = options_.policy == model::PolicyKind::consistent_hash;
    if (left > 1) left = by_hash ? Random(request.hash).unit() : random_.unit();
    chosen = &pool;
    left -= pool.share;
    if (left < 0) break;
  }
  CHECK(chosen != nullptr);
  return *chosen;
}

Backend* Cluster::take_trial(const Request& request) {
  for (auto trial = trials_.begin(); trial != trials_.end(); ++trial) {
    if (request.has_tried(*trial)) continue;
    Backend* const backend = *trial;
    trials_.erase(trial);
    return backend;
  }
  return nullptr;
}

Backend* Cluster::draw_untried(std::span<Backend* const> tried) {
  // Those that are well first, of them those that carry the load: a level may be waiting to be given it back.
  const auto rank = [this](const Backend& backend) {
    const bool well = is_available(backend) || backend.endpoint.draining;
    return backend.level + pools_.size() * ((well ? 0u : 2u) + (backend.counts_for > 0 ? 0u : 1u));
  };
  const bool alike =
      options_.policy == model::PolicyKind::round_robin || options_.policy == model::PolicyKind::least_connections;
  Backend* drawn = nullptr;
  WeightedChoice among_equals(random_);
  for (Backend* backend : in_set_) {
    if (backend->level == Backend::kNoLevel || contains(tried, backend)) continue;
    if (drawn != nullptr && rank(*backend) > rank(*drawn)) continue;
    if (drawn != nullptr && rank(*backend) < rank(*drawn)) among_equals.restart();
    if (among_equals.takes(alike ? 1 : backend->effective_weight)) drawn = backend;
  }
  return drawn;
}

bool Cluster::is_of_this_pod(const Call& call) { return call.started >= call.backend->first_seen; }

void Cluster::answered(Call& call, Time now) {
  if (!std::exchange(call.waits, false)) return;
  call.backend->load.stop_waiting(call.started);
  if (!is_of_this_pod(call)) return;
  if (call.decides) learn(*call.backend, Verdict::good, call.started, now);
  call.backend->load.observe(call.started, now - call.started, moment(now));
  constexpr double kPart = 1.0 / 64;
  const auto latency = static_cast<double>((now - call.started).count());
  typical_ns_ = typical_ns_ == 0 ? latency : typical_ns_ + kPart * (latency - typical_ns_);
}

Backend* Cluster::finish(Call& call, Verdict verdict, Time now) {
  Backend& backend = *call.backend;
  CHECK(backend.load.in_flight() > 0);
  if (verdict == Verdict::good) answered(call, now);
  if (std::exchange(call.waits, false)) {
    backend.load.stop_waiting(call.started);
    if (verdict == Verdict::unknown && is_of_this_pod(call)) backend.load.give_up(call.started, moment(now));
  }
  if (is_of_this_pod(call)) learn(backend, verdict, call.started, now);
  if (std::exchange(call.decides, false)) {
    backend.on_trial_now = false;
    note_change();
  }
  backend.load.end();
  --in_flight_;
  call.backend = nullptr;
  return end_if_over(backend) ? nullptr : &backend;
}

void Cluster::give_back(Call& call) {
  Backend& backend = *std::exchange(call.backend, nullptr);
  if (std::exchange(call.waits, false)) backend.load.stop_waiting(call.started);
  if (std::exchange(call.decides, false)) {
    backend.on_trial_now = false;
    note_change();
  }
  backend.load.end();
  --in_flight_;
  end_if_over(backend);
}

double Cluster::capacity(Time now) {
  refresh(now);
  return capacity_;
}

bool Cluster::wants_trial(Time now) {
  refresh(now);
  return !trials_.empty();
}

bool Cluster::any_untried(std::span<Backend* const> tried) const {
  return std::any_of(in_set_.begin(), in_set_.end(),
                     [&](const Backend* backend) { return is_available(*backend) && !contains(tried, backend); });
}

Backend* Cluster::find(std::uint64_t hash) const {
  const auto found = by_hash_.find(hash);
  return found == by_hash_.end() || !found->second->in_set ? nullptr : found->second;
}

bool Cluster::end_if_over(Backend& backend) {
  if (backend.in_set || backend.load.in_flight() > 0) return false;
  const auto found = by_address_.find(backend.endpoint.address);
  CHECK(found != by_address_.end() && found->second.get() == &backend);
  const auto same_hash = by_hash_.find(backend.hash);
  if (same_hash != by_hash_.end() && same_hash->second == &backend) by_hash_.erase(same_hash);
  by_address_.erase(found);
  return true;
}

}  // namespace outrigger::balance
