#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>

namespace outrigger::kube {

/// Whether a thread comes round: it says, before each thing that may take a while, how long that is allowed to take.
class Liveness {
 public:
  /// What anything may take longer than planned, on a busy machine.
  static constexpr std::chrono::seconds kSlack{30};

  /// The thread alone.
  void expect_within(std::chrono::milliseconds bound) {
    due_.store(now() + std::chrono::nanoseconds(bound + kSlack).count());
  }
  /// False once it is overdue. Any thread.
  bool alive() const { return now() < due_.load(); }

 private:
  static std::int64_t now() {
    return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
  }

  std::atomic<std::int64_t> due_{now() + std::chrono::nanoseconds(kSlack).count()};
};

}  // namespace outrigger::kube
