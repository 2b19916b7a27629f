#include "simulate/event_queue.h"

#include <algorithm>

namespace outrigger::simulate {
namespace {
bool is_later(const Event& a, const Event& b) { return a.at != b.at ? a.at > b.at : a.order > b.order; }
}  // namespace

void EventQueue::push(Time at, Event::Kind kind, std::uint32_t subject, std::uint32_t version, Answer answer) {
  heap_.push_back(
      {.at = at, .order = pushed_++, .subject = subject, .version = version, .kind = kind, .answer = answer});
  std::push_heap(heap_.begin(), heap_.end(), is_later);
}

Event EventQueue::pop() {
  std::pop_heap(heap_.begin(), heap_.end(), is_later);
  const Event event = heap_.back();
  heap_.pop_back();
  return event;
}

}  // namespace outrigger::simulate
