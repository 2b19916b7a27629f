#include "sidecar/unresolved_destinations.h"

namespace outrigger::sidecar {

UnresolvedDestinations::UnresolvedDestinations(net::EventLoop& loop, metrics::Counter& unanswered)
    : loop_(loop), unanswered_(unanswered), timer_(loop, [this] { on_time(); }) {}

void UnresolvedDestinations::wait(const std::string& destination, Guest& guest) {
  auto& [key, guests] = *waiting_.try_emplace(destination).first;
  guest.destination_ = &key;
  guest.place_at_destination_ = guests.insert(guests.end(), &guest);
  guest.place_ = order_.insert(order_.end(), &guest);
  guest.until_ = loop_.now() + patience_;
  if (!timer_.is_set()) timer_.set(patience_);
  if (guests.size() == 1) ask_(destination);
}

void UnresolvedDestinations::leave(Guest& guest) {
  if (guest.destination_ == nullptr) return;
  const auto at = waiting_.find(*std::exchange(guest.destination_, nullptr));
  at->second.erase(guest.place_at_destination_);
  if (at->second.empty()) waiting_.erase(at);
  order_.erase(guest.place_);
}

void UnresolvedDestinations::settle(const std::string& destination, bool no_service) {
  if (no_service) {
    no_services_.insert(destination);
  } else {
    no_services_.erase(destination);
  }
  for (auto at = waiting_.find(destination); at != waiting_.end(); at = waiting_.find(destination)) {
    Guest& first = *at->second.front();
    leave(first);
    first.on_told();
  }
}

void UnresolvedDestinations::on_time() {
  while (!order_.empty() && order_.front()->until_ <= loop_.now()) {
    Guest& first = *order_.front();
    leave(first);
    unanswered_.add();
    first.on_told();
  }
  if (!order_.empty()) timer_.set(order_.front()->until_ - loop_.now());
}

}  // namespace outrigger::sidecar
