#include "net/event_loop.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <random>
#include <thread>

#include "fakes/function_timer.h"
#include "result/result.h"

namespace outrigger::net {
namespace {

using std::chrono::milliseconds;

/// A descriptor that stays readable, so that it is told in every round it is registered for.
class Ready final : public EventHandler {
 public:
  Ready(EventLoop& loop, std::function<void()> on_event) : loop_(loop), on_event_(std::move(on_event)) {
    loop_.add(fd_.get(), EPOLLIN, *this);
  }
  ~Ready() { remove(); }
  void remove() {
    if (registered_) loop_.remove(fd_.get(), *this);
    registered_ = false;
  }
  void close() {
    loop_.close(fd_, *this);
    registered_ = false;
  }
  void on_events(std::uint32_t events) override {
    EXPECT_EQ(events, std::uint32_t{EPOLLIN});
    EXPECT_TRUE(registered_);
    on_event_();
  }

 private:
  EventLoop& loop_;
  std::function<void()> on_event_;
  FileDescriptor fd_{::eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC)};
  bool registered_ = true;
};

TEST(EventLoop, RunsPostedTasksInOrderAndThoseBeforeStop) {
  EventLoop loop;
  std::vector<int> order;
  for (int i = 0; i < 5; ++i) loop.post([&order, i] { order.push_back(i); });
  loop.stop();
  loop.post([&order] { order.push_back(99); });
  loop.run();
  EXPECT_EQ((std::vector<int>(order.begin(), order.begin() + 5)), (std::vector<int>{0, 1, 2, 3, 4}));
}

TEST(EventLoop, RunsAgainAfterStop) {
  EventLoop loop;
  int runs = 0;
  for (int i = 0; i < 3; ++i) {
    loop.post([&] {
      ++runs;
      loop.stop();
    });
    loop.run();
  }
  EXPECT_EQ(runs, 3);
}

TEST(EventLoop, EndsARoundWithEventsThenTimersThenPostedThenDeferred) {
  EventLoop loop;
  std::string order;
  fakes::FunctionTimer timer(loop, [&] {
    order += 't';
    loop.defer([&] {
      order += 'd';
      loop.defer([&] { order += 'D'; });
    });
  });
  Ready event(loop, [&] {
    order += 'e';
    event.remove();
  });
  loop.post([&] {
    order += 'p';
    loop.stop();
  });
  timer.set(Clock::duration(0));
  // The timer is due when the round begins, so that all four belong to one round.
  while (Clock::now() <= loop.now() + milliseconds(1)) std::this_thread::yield();
  loop.run();
  EXPECT_EQ(order, "etpdD");
}

TEST(EventLoop, RestsBeforeTheNextRoundWhenToldTo) {
  EventLoop loop;
  std::vector<Clock::time_point> rounds;
  Ready event(loop, [&] {
    rounds.push_back(loop.now());
    if (rounds.size() == 1) loop.rest(milliseconds(5));
    if (rounds.size() == 2) {
      event.remove();
      loop.stop();
    }
  });
  loop.run();
  EXPECT_GE(rounds.at(1) - rounds.at(0), milliseconds(5));
}

TEST(EventLoop, RunsTasksDeferredBeforeRun) {
  EventLoop loop;
  bool ran = false;
  loop.defer([&] {
    ran = true;
    loop.stop();
  });
  loop.run();
  EXPECT_TRUE(ran);
}

TEST(EventLoop, TellsNoEventOfTheRoundAfterRemoveOrClose) {
  EventLoop loop;
  int told = 0;
  std::vector<std::unique_ptr<Ready>> handlers(20);
  for (auto& handler : handlers) {
    handler = std::make_unique<Ready>(loop, [&] {
      ++told;
      // The first one told ends all others, whose events of this round are already here.
      for (std::size_t i = 0; i < handlers.size(); ++i) {
        if (handlers[i] == handler) continue;
        if (i % 2 == 0) {
          handlers[i].reset();
        } else {
          handlers[i]->close();
        }
      }
      handler->remove();
      loop.stop();
    });
  }
  loop.run();
  EXPECT_EQ(told, 1);
}

TEST(EventLoop, TellsAllOfMoreDescriptorsThanFitInARound) {
  EventLoop loop;
  constexpr int kHandlers = 700;
  int told = 0;
  std::vector<std::unique_ptr<Ready>> handlers(kHandlers);
  for (auto& handler : handlers) {
    handler = std::make_unique<Ready>(loop, [&told, &loop, &handler] {
      handler->remove();
      if (++told == kHandlers) loop.stop();
    });
  }
  loop.run();
  EXPECT_EQ(told, kHandlers);
}

TEST(EventLoop, RunsWhatFourThreadsPost) {
  EventLoop loop;
  constexpr int kThreads = 4;
  constexpr int kTasks = 5'000;
  std::vector<int> next(kThreads);
  int done = 0;
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kTasks; ++i) {
        loop.post([&, t, i] {
          EXPECT_EQ(next[static_cast<std::size_t>(t)]++, i);
          if (++done == kThreads * kTasks) loop.stop();
        });
      }
    });
  }
  loop.run();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(done, kThreads * kTasks);
}

TEST(EventLoop, RunsTasksPostedByPostedTasks) {
  EventLoop loop;
  int left = 1'000;
  std::function<void()> again = [&] {
    if (--left == 0) return loop.stop();
    loop.post(again);
  };
  loop.post(again);
  loop.run();
  EXPECT_EQ(left, 0);
}

TEST(EventLoop, EndsWhatUnrunTasksOwnEvenIfThatPostsAgain) {
  std::atomic<int> ended = 0;
  struct Ending {
    Ending(EventLoop& owner, std::atomic<int>& count) : loop(owner), ended(count) {}
    EventLoop& loop;
    std::atomic<int>& ended;
    ~Ending() {
      ++ended;
      loop.post([this_ended = &ended] { ++*this_ended; });
      loop.defer([] {});
    }
  };
  {
    EventLoop loop;
    loop.post([owned = std::make_shared<Ending>(loop, ended)] {});
    loop.defer([owned = std::make_shared<Ending>(loop, ended)] {});
  }
  EXPECT_EQ(ended, 2);
}

TEST(Timer, NeverFiresEarly) {
  EventLoop loop;
  Clock::time_point fired;
  fakes::FunctionTimer timer(loop, [&] {
    fired = Clock::now();
    loop.stop();
  });
  const auto set = Clock::now();
  timer.set(std::chrono::microseconds(12'345));
  loop.run();
  EXPECT_GE(fired - set, std::chrono::microseconds(12'345));
  EXPECT_FALSE(timer.is_set());
}

TEST(Timer, WithoutDelayDoesNotKeepOthersFromRunning) {
  EventLoop loop;
  int fired = 0;
  fakes::FunctionTimer timer(loop, [&] {
    ++fired;
    timer.set(Clock::duration(0));
  });
  timer.set(Clock::duration(0));
  fakes::FunctionTimer end(loop, [&] { loop.stop(); });
  end.set(milliseconds(20));
  loop.run();
  EXPECT_GE(fired, 1);
  // One firing a millisecond at most: a timer does not spin.
  EXPECT_LE(fired, 21);
}

TEST(Timer, MayEndItselfAndOthersWhenItFires) {
  EventLoop loop;
  std::unique_ptr<fakes::FunctionTimer> other;
  bool other_fired = false;
  fakes::FunctionTimer first(loop, [&] {
    other.reset();
    loop.stop();
  });
  other = std::make_unique<fakes::FunctionTimer>(loop, [&] { other_fired = true; });
  first.set(milliseconds(1));
  other->set(milliseconds(2));
  while (Clock::now() <= loop.now() + milliseconds(4)) std::this_thread::yield();
  loop.run();
  EXPECT_FALSE(other_fired);
}

// Against a sorted list: random sets, resets, cancellations and ends; what is left fires in the order of due times.
TEST(Timer, FiresLikeASortedList) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    EventLoop loop;
    std::vector<int> fired;
    std::map<int, std::unique_ptr<fakes::FunctionTimer>> timers;
    std::map<int, int> due_ms;  // the reference: those set, and when they are due
    for (int step = 0; step < 2'000; ++step) {
      const int id = static_cast<int>(random() % 200);
      auto& timer = timers[id];
      switch (random() % 6) {
        case 0:
          timer.reset();
          due_ms.erase(id);
          break;
        case 1:
          if (timer) timer->cancel();
          due_ms.erase(id);
          break;
        default:
          if (!timer) timer = std::make_unique<fakes::FunctionTimer>(loop, [&fired, id] { fired.push_back(id); });
          due_ms[id] = static_cast<int>(1 + random() % 20) * 1'000;
          break;
      }
      if (timer && due_ms.contains(id)) timer->set(milliseconds(due_ms[id]));
      if (timer) {
        EXPECT_EQ(timer->is_set(), due_ms.contains(id));
      }
    }
    // Seconds apart while they were set up; now the same order, quick enough to wait for. Set in one round, so that all
    // are counted from the same time.
    fakes::FunctionTimer end(loop, [&] { loop.stop(); });
    loop.post([&] {
      for (auto& [id, due] : due_ms) timers[id]->set(milliseconds(due / 500));
      end.set(milliseconds(41));
    });
    loop.run();
    ASSERT_EQ(fired.size(), due_ms.size());
    const auto by_due = [&](int a, int b) { return due_ms[a] < due_ms[b]; };
    EXPECT_TRUE(std::is_sorted(fired.begin(), fired.end(), by_due));
  }
}

}  // namespace
}  // namespace outrigger::net
