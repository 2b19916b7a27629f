#include "sidecar/lease.h"

namespace outrigger::sidecar {

using balance::Verdict;

Verdict verdict_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::success: return Verdict::good;
    case Outcome::connect_failure: return Verdict::not_connected;
    case Outcome::server_error:
    case Outcome::reset:
    case Outcome::invalid:
    case Outcome::timeout: return Verdict::bad;
    case Outcome::cancelled: return Verdict::unknown;
  }
  CHECK(false);
}

void ConnectionSlot::free() {
  if (cluster_ == nullptr) return;
  --cluster_->connections;
  std::exchange(cluster_, nullptr)->waiting_room.place_is_free();
}

Lease::Lease(Destination& cluster, const balance::Call& call) : cluster_(&cluster), call_(call) {
  ++cluster.users;
  ++cluster.in_flight;
  state_of(*call.backend).cells->in_flight.set(call.backend->load.in_flight());
}

void Lease::answered() {
  cluster_->cluster.answered(call_, cluster_->now());
  state_of(*call_.backend).cells->latency_ns.set(call_.backend->load.average().count());
}

void Lease::finish(Outcome outcome, Verdict verdict) {
  BackendCells& cells = *state_of(*call_.backend).cells;
  cells.outcomes[static_cast<std::size_t>(outcome)].add();
  cells.in_flight.set(call_.backend->load.in_flight() - 1);
  if (const balance::Backend* const backend = cluster_->cluster.finish(call_, verdict, cluster_->now())) {
    cells.latency_ns.set(backend->load.average().count());
  }
  end();
  cluster_->waiting_room.place_is_free();
}

void Lease::give_back() {
  state_of(*call_.backend).cells->in_flight.set(call_.backend->load.in_flight() - 1);
  cluster_->cluster.give_back(call_);
  end();
}

void Lease::end() {
  cluster_->keep_up();
  --cluster_->in_flight;
  --cluster_->users;
}

}  // namespace outrigger::sidecar
