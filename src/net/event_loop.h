#pragma once
#include <sys/epoll.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <type_traits>
#include <vector>

#include "net/file_descriptor.h"

namespace outrigger::net {

using Clock = std::chrono::steady_clock;

/// What a descriptor's owner does when it is ready. Told level-triggered.
class EventHandler {
 public:
  /// `events`: EPOLLIN, EPOLLOUT, EPOLLHUP, EPOLLERR as epoll gives them.
  virtual void on_events(std::uint32_t events) = 0;

 protected:
  ~EventHandler() = default;
};

class EventLoop;

/// What a timer does when it is due: a function object as small as a pointer, a lambda that captures `this` say. Two
/// words where std::function has four, since each idle connection has one.
class SmallTask {
 public:
  template <class Function>
  requires(sizeof(Function) <= sizeof(void*) && std::is_trivially_copyable_v<Function>) SmallTask(Function function)
      : call_([](const std::byte* state) {
          Function copy = *std::launder(reinterpret_cast<const Function*>(state));
          copy();
        }) {
    ::new (static_cast<void*>(state_.data())) Function(function);
  }
  void operator()() const { call_(state_.data()); }

 private:
  void (*call_)(const std::byte*);
  alignas(void*) std::array<std::byte, sizeof(void*)> state_{};
};

/// A timer of one loop; cancelled when it ends. Requires the loop to outlive it. Loop's thread only.
class Timer {
 public:
  Timer(EventLoop& loop, SmallTask on_due) : loop_(loop), on_due_(on_due) {}
  ~Timer() { cancel(); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  /// Fires once, not before the loop's now() + `delay` and never in the round that sets it; a timer that was set before
  /// is set anew. Millisecond resolution. O(log n).
  void set(Clock::duration delay);
  void cancel();
  bool is_set() const { return position_ != kUnset; }

 private:
  friend class EventLoop;
  static constexpr std::size_t kUnset = SIZE_MAX;
  EventLoop& loop_;
  SmallTask on_due_;
  Clock::time_point due_{};
  std::size_t position_ = kUnset;
};

/// epoll, timers and a mailbox. Everything but post() and stop() belongs to the thread that calls run().
class EventLoop {
 public:
  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  /// The handler must outlive its registration; remove() before the descriptor is closed. After remove() no event of
  /// the current round reaches the handler any more. A descriptor that epoll cannot take is a CHECK.
  void add(int fd, std::uint32_t events, EventHandler& handler);
  void modify(int fd, std::uint32_t events, EventHandler& handler);
  void remove(int fd, EventHandler& handler);
  /// remove() and the end of the descriptor in one, which spares a system call: epoll lets go of a description with its
  /// last descriptor by itself. Requires that there is no other, neither dup()ed nor inherited.
  void close(FileDescriptor& fd, EventHandler& handler);

  /// Runs `task` on the loop's thread, in order. Any thread. The one lock of the data path's threads is here.
  void post(std::function<void()> task);

  /// Runs `task` when the current round is over, after its events, timers and posted tasks: for ending objects that are
  /// still on the stack. Tasks deferred by deferred tasks run in the same round.
  void defer(std::function<void()> task) { deferred_.push_back(std::move(task)); }

  /// The next wait for events begins that much later, so that it brings more of them; the kernel may add its timer
  /// slack, 50 µs. Timers and posted tasks are as late.
  void rest(std::chrono::microseconds duration) { rest_ = duration; }

  /// Until stop(). Tasks posted before stop() are run.
  void run();
  /// Any thread, also from a handler, also before run(). Ends one run().
  void stop();

  /// The time at which this round began; cheap, and the same for all handlers of a round. Outside of run() it stands
  /// still.
  Clock::time_point now() const { return now_; }

 private:
  friend class Timer;
  void forget_events(const EventHandler& handler);
  void control(int operation, int fd, std::uint32_t events, EventHandler* handler);
  void run_events();
  void run_timers();
  void run_posted();
  void run_deferred();
  int wait_ms() const;
  void insert(Timer& timer);
  void erase(Timer& timer);
  void sift_up(std::size_t position);
  void sift_down(std::size_t position);
  void place(Timer* timer, std::size_t position);

  FileDescriptor epoll_;
  FileDescriptor mailbox_;
  Clock::time_point now_;
  std::vector<epoll_event> events_;
  std::size_t ready_ = 0;       ///< events_[0..ready_) are this round's
  std::size_t current_ = 0;     ///< events_[current_..ready_) are still to be told
  std::vector<Timer*> timers_;  ///< a binary heap by due time
  std::vector<std::function<void()>> deferred_;
  std::vector<std::function<void()>> running_posts_;  ///< swapped with posted_, so that both keep their capacity
  std::chrono::microseconds rest_{0};                 ///< before the next wait
  bool mail_ = false;
  bool running_ = false;
  bool stopping_ = false;

  std::mutex mutex_;
  std::vector<std::function<void()>> posted_;  ///< guarded by mutex_
};

}  // namespace outrigger::net
