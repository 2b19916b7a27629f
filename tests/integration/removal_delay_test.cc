#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>

#include "integration/load.h"
#include "integration/metrics_text.h"
#include "integration/spine.h"

namespace outrigger::integration {
namespace {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

/// One client that never pauses, so that it sees the moment from which an endpoint is avoided.
class Probe {
 public:
  explicit Probe(const std::string& address) : thread_([this, address] { run(address); }) {}
  ~Probe() {
    stopping_ = true;
    thread_.join();
  }

  /// Waits until `backend` has not answered 100 requests in a row, and returns when the first of these began.
  std::optional<Clock::time_point> avoids(const std::string& backend) {
    std::optional<Clock::time_point> since;
    eventually([&] {
      const std::lock_guard lock(mutex_);
      const Seen& seen = seen_[backend];
      if (total_ - seen.at >= 100) since = seen.next_began;
      return since.has_value();
    });
    return since;
  }
  bool reaches(const std::string& backend) {
    std::unique_lock lock(mutex_);
    const std::uint64_t start = total_;
    lock.unlock();
    return eventually([&] {
      const std::lock_guard again(mutex_);
      return seen_[backend].at > start;
    });
  }
  std::uint64_t failures() {
    const std::lock_guard lock(mutex_);
    return failures_;
  }

 private:
  /// A backend's latest answer: its number, and when the request after it began.
  struct Seen {
    std::uint64_t at = 0;
    Clock::time_point next_began;
  };

  void run(const std::string& address) {
    HttpConnection connection(address);
    std::string last;
    while (!stopping_) {
      const auto began = Clock::now();
      const auto answer = connection.get("/");
      const std::lock_guard lock(mutex_);
      seen_[last].next_began = began;
      if (!answer || answer->status != 200) {
        ++failures_;
        continue;
      }
      last = answer->body;
      seen_[last].at = ++total_;
    }
  }

  std::mutex mutex_;
  std::map<std::string, Seen> seen_;  ///< guarded by mutex_, as is what follows
  std::uint64_t total_ = 0;
  std::uint64_t failures_ = 0;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

void print(const char* what, std::vector<double> delays_ms) {
  std::sort(delays_ms.begin(), delays_ms.end());
  std::cout << fmt::format("{}: min {:.1f} ms, median {:.1f} ms, p90 {:.1f} ms, max {:.1f} ms\n", what,
                           delays_ms.front(), delays_ms[delays_ms.size() / 2], delays_ms[delays_ms.size() * 9 / 10],
                           delays_ms.back());
}

TEST(RemovalDelay, OfFiftyRemovalsIsMeasuredAndExported) {
  constexpr int kRemovals = 50;
  ApiServer server;
  Spine spine(server, EndpointsSource::slices);
  spine.set_members({"a", "b"});
  ASSERT_TRUE(spine.sidecar_has({{"a", 1}, {"b", 1}}));
  const auto propagations = [&] {
    return metric(spine.feeder().metrics(), "outrigger_propagation_seconds_count").value_or(0);
  };
  const double propagations_before = propagations();

  std::vector<double> from_begin_ms;
  std::vector<double> from_return_ms;
  Probe probe(spine.address());
  for (int i = 0; i < kRemovals; ++i) {
    ASSERT_TRUE(probe.reaches("b"));
    const auto begin = Clock::now();
    spine.set_members({"a"});
    const auto returned = Clock::now();
    const auto avoided = probe.avoids("b");
    ASSERT_TRUE(avoided);
    from_begin_ms.push_back(Milliseconds(*avoided - begin).count());
    from_return_ms.push_back(Milliseconds(*avoided - returned).count());
    spine.set_members({"a", "b"});
  }
  print("from the beginning of the API write to the first request that avoids the endpoint", from_begin_ms);
  print("from the return of the API write to it (negative: before the return)", from_return_ms);
  const std::string metrics = spine.feeder().metrics();
  std::cout << fmt::format("outrigger_propagation_seconds: {} in all, mean {:.3f} ms\n", propagations(),
                           1'000 * metric(metrics, "outrigger_propagation_seconds_sum").value_or(0) / propagations());

  EXPECT_EQ(probe.failures(), 0u);
  EXPECT_GE(propagations() - propagations_before, kRemovals);
}

}  // namespace
}  // namespace outrigger::integration
