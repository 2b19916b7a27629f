#include "net/event_loop.h"

#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <thread>
#include <utility>

#include "result/result.h"

namespace outrigger::net {
namespace {

constexpr std::size_t kEventsARound = 256;

}  // namespace

void Timer::set(Clock::duration delay) {
  cancel();
  // At least one tick: a timer that sets itself anew with no delay must not keep run_timers() from ending.
  due_ = (loop_.running_ ? loop_.now_ : Clock::now()) + std::max(delay, Clock::duration(1));
  loop_.insert(*this);
}

void Timer::cancel() {
  if (is_set()) loop_.erase(*this);
}

EventLoop::EventLoop()
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      mailbox_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      now_(Clock::now()),
      events_(kEventsARound) {
  CHECK(epoll_);
  CHECK(mailbox_);
  // Edge-triggered: each write is told once, so the counter never needs to be read.
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;
  event.data.ptr = &mailbox_;
  CHECK(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, mailbox_.get(), &event) == 0);
}

EventLoop::~EventLoop() {
  CHECK(timers_.empty());
  // What the tasks own may post or defer again while it ends.
  while (!posted_.empty() || !deferred_.empty()) {
    const auto posted = std::move(posted_);
    const auto deferred = std::move(deferred_);
    posted_.clear();
    deferred_.clear();
  }
}

void EventLoop::control(int operation, int fd, std::uint32_t events, EventHandler* handler) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = handler;
  CHECK(::epoll_ctl(epoll_.get(), operation, fd, &event) == 0);
}

void EventLoop::add(int fd, std::uint32_t events, EventHandler& handler) {
  control(EPOLL_CTL_ADD, fd, events, &handler);
}

void EventLoop::modify(int fd, std::uint32_t events, EventHandler& handler) {
  control(EPOLL_CTL_MOD, fd, events, &handler);
}

void EventLoop::remove(int fd, EventHandler& handler) {
  control(EPOLL_CTL_DEL, fd, 0, nullptr);
  forget_events(handler);
}

void EventLoop::close(FileDescriptor& fd, EventHandler& handler) {
  fd.reset();
  forget_events(handler);
}

void EventLoop::forget_events(const EventHandler& handler) {
  for (std::size_t i = current_; i < ready_; ++i) {
    if (events_[i].data.ptr == &handler) events_[i].data.ptr = nullptr;
  }
}

void EventLoop::post(std::function<void()> task) {
  bool was_empty = false;
  {
    const std::lock_guard lock(mutex_);
    was_empty = posted_.empty();
    posted_.push_back(std::move(task));
  }
  if (!was_empty) return;
  const std::uint64_t one = 1;
  while (::write(mailbox_.get(), &one, sizeof(one)) < 0 && errno == EINTR) {
  }
}

void EventLoop::stop() {
  post([this] { stopping_ = true; });
}

void EventLoop::run() {
  CHECK(!running_);
  running_ = true;
  stopping_ = false;
  now_ = Clock::now();
  while (!stopping_) {
    if (rest_.count() > 0) std::this_thread::sleep_for(std::exchange(rest_, {}));
    const int ready = ::epoll_wait(epoll_.get(), events_.data(), static_cast<int>(events_.size()), wait_ms());
    CHECK(ready >= 0 || errno == EINTR);
    now_ = Clock::now();
    ready_ = ready > 0 ? static_cast<std::size_t>(ready) : 0;
    run_events();
    run_timers();
    run_posted();
    run_deferred();
  }
  running_ = false;
}

void EventLoop::run_events() {
  for (current_ = 0; current_ < ready_;) {
    const epoll_event event = events_[current_++];
    if (event.data.ptr == &mailbox_) {
      mail_ = true;
    } else if (event.data.ptr != nullptr) {
      static_cast<EventHandler*>(event.data.ptr)->on_events(event.events);
    }
  }
  ready_ = current_ = 0;
}

void EventLoop::run_timers() {
  while (!timers_.empty() && timers_.front()->due_ <= now_) {
    Timer& timer = *timers_.front();
    erase(timer);
    timer.on_due_();
  }
}

void EventLoop::run_posted() {
  if (!mail_) return;
  mail_ = false;
  {
    const std::lock_guard lock(mutex_);
    running_posts_.swap(posted_);
  }
  for (auto& task : running_posts_) {
    std::exchange(task, nullptr)();
  }
  running_posts_.clear();
}

void EventLoop::run_deferred() {
  // By index: a task may defer another, which may move the vector.
  for (std::size_t i = 0; i < deferred_.size(); ++i) {
    std::exchange(deferred_[i], nullptr)();
  }
  deferred_.clear();
}

int EventLoop::wait_ms() const {
  if (!deferred_.empty()) return 0;
  if (timers_.empty()) return -1;
  constexpr std::chrono::milliseconds kLongest = std::chrono::hours(1);
  // Rounded up: a timer that is woken for too early would be waited for again and again with no time at all.
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(timers_.front()->due_ - now_);
  return static_cast<int>(std::clamp(left, std::chrono::milliseconds(0), kLongest).count());
}

void EventLoop::insert(Timer& timer) {
  timers_.push_back(&timer);
  timer.position_ = timers_.size() - 1;
  sift_up(timer.position_);
}

void EventLoop::erase(Timer& timer) {
  const std::size_t position = timer.position_;
  timer.position_ = Timer::kUnset;
  Timer* const last = timers_.back();
  timers_.pop_back();
  if (last == &timer) return;
  place(last, position);
  sift_up(position);
  sift_down(last->position_);
}

void EventLoop::sift_up(std::size_t position) {
  Timer* const timer = timers_[position];
  while (position > 0) {
    const std::size_t parent = (position - 1) / 2;
    if (timer->due_ >= timers_[parent]->due_) break;
    place(timers_[parent], position);
    position = parent;
  }
  place(timer, position);
}

void EventLoop::sift_down(std::size_t position) {
  Timer* const timer = timers_[position];
  for (;;) {
    std::size_t child = 2 * position + 1;
    if (child >= timers_.size()) break;
    if (child + 1 < timers_.size() && timers_[child + 1]->due_ < timers_[child]->due_) ++child;
    if (timers_[child]->due_ >= timer->due_) break;
    place(timers_[child], position);
    position = child;
  }
  place(timer, position);
}

void EventLoop::place(Timer* timer, std::size_t position) {
  timers_[position] = timer;
  timer->position_ = position;
}

}  // namespace outrigger::net
