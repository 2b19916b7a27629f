#include "sidecar/lease.h"

namespace outrigger::sidecar {

void ConnectionSlot::free() {
  if (cluster_ == nullptr) return;
  --cluster_->connections;
  std::exchange(cluster_, nullptr)->waiting_room.place_is_free();
}

Lease::Lease(Destination& cluster, balance::Backend& backend) : cluster_(&cluster), backend_(&backend) {
  ++cluster.users;
  ++cluster.in_flight;
  state_of(backend).cells->in_flight.set(backend.in_flight);
}

void Lease::finish(Outcome outcome) {
  state_of(*backend_).cells->outcomes[static_cast<std::size_t>(outcome)].add();
  WaitingRoom& waiting_room = cluster_->waiting_room;
  give_back();
  waiting_room.place_is_free();
}

void Lease::give_back() {
  balance::Backend& backend = *std::exchange(backend_, nullptr);
  state_of(backend).cells->in_flight.set(backend.in_flight - 1);
  cluster_->cluster.finish(backend);
  --cluster_->in_flight;
  --cluster_->users;
}

}  // namespace outrigger::sidecar
