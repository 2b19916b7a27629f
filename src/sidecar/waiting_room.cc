#include "sidecar/waiting_room.h"

#include <algorithm>
#include <utility>

namespace outrigger::sidecar {

WaitingRoom::WaitingRoom(net::EventLoop& loop)
    : loop_(loop), self_(std::make_shared<WaitingRoom*>(this)), timer_(loop, [this] { on_time(); }) {}

void WaitingRoom::enter(Guest& guest, net::Clock::duration patience) {
  guest.waits_ = true;
  guest.until_ = loop_.now() + patience;
  guest.place_ = guests_.insert(guests_.end(), &guest);
  if (!timer_.is_set()) timer_.set(patience);
}

void WaitingRoom::leave(Guest& guest) {
  if (!std::exchange(guest.waits_, false)) return;
  guests_.erase(guest.place_);
}

void WaitingRoom::place_is_free() {
  if (guests_.empty()) return;
  if (places_++ > 0) return;
  loop_.defer([self = self_] {
    if (*self != nullptr) (*self)->let_in();
  });
}

void WaitingRoom::let_in() {
  for (std::uint32_t places = std::exchange(places_, 0); places > 0 && !guests_.empty(); --places) {
    Guest& first = *guests_.front();
    leave(first);
    first.on_place();
  }
}

void WaitingRoom::on_time() {
  while (!guests_.empty() && guests_.front()->until_ <= loop_.now()) {
    Guest& first = *guests_.front();
    leave(first);
    first.on_no_place();
  }
  if (guests_.empty() || timer_.is_set()) return;
  const auto next = std::min_element(guests_.begin(), guests_.end(),
                                     [](const Guest* a, const Guest* b) { return a->until_ < b->until_; });
  timer_.set((*next)->until_ - loop_.now());
}

}  // namespace outrigger::sidecar
