#include "sidecar/waiting_room.h"

#include <algorithm>
#include <utility>

namespace outrigger::sidecar {

WaitingRoom::WaitingRoom(net::EventLoop& loop)
    : loop_(loop), self_(std::make_shared<WaitingRoom*>(this)), timer_(loop, [this] { on_time(); }) {}

void WaitingRoom::enter(Guest& guest, net::Clock::duration patience) {
  guest.waits_ = true;
  const bool back = &guest == let_in_;
  if (back) {
    came_back_ = true;
    let_in_ = nullptr;
  } else {
    guest.until_ = loop_.now() + patience;
  }
  guest.place_ = guests_.insert(back ? guests_.begin() : guests_.end(), &guest);
  wake_by(guest.until_);
}

void WaitingRoom::leave(Guest& guest) {
  if (&guest == let_in_) let_in_ = nullptr;  // another may come to be at its address
  if (!std::exchange(guest.waits_, false)) return;
  guests_.erase(guest.place_);
}

void WaitingRoom::place_is_free() {
  if (guests_.empty() || std::exchange(place_told_, true)) return;
  loop_.defer([self = self_] {
    if (*self != nullptr) (*self)->let_in_all();
  });
}

void WaitingRoom::let_in_all() {
  place_told_ = false;
  came_back_ = false;
  while (!guests_.empty() && !came_back_) {
    Guest& first = *guests_.front();
    leave(first);
    let_in_ = &first;
    first.on_place();
    let_in_ = nullptr;
  }
}

void WaitingRoom::on_time() {
  const auto is_due = [this](const Guest* guest) { return guest->until_ <= loop_.now(); };
  // The first, as a rule: patience is what it was when they came.
  for (;;) {
    const auto due = std::find_if(guests_.begin(), guests_.end(), is_due);
    if (due == guests_.end()) break;
    Guest& guest = **due;
    leave(guest);
    guest.on_no_place();
  }
  if (guests_.empty()) return;
  place_is_free();  // for whoever was behind one that could have none
  const auto next = std::min_element(guests_.begin(), guests_.end(),
                                     [](const Guest* a, const Guest* b) { return a->until_ < b->until_; });
  wake_by((*next)->until_);
}

void WaitingRoom::wake_by(net::Clock::time_point time) {
  if (timer_.is_set() && due_ <= time) return;
  due_ = time;
  timer_.set(time - loop_.now());
}

}  // namespace outrigger::sidecar
