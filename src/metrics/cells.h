#pragma once
/// Counters for the way of a request: each has one writing thread, any thread may read. An increment is a plain load,
/// add and store, with no bus lock (0.3–0.8 ns against 6–20 ns of a shared counter's).
#include <array>
#include <atomic>
#include <cstdint>
#include <span>

namespace outrigger::metrics {

class Counter {
 public:
  void add(std::uint64_t n = 1) { value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed); }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

class Gauge {
 public:
  void set(std::int64_t value) { value_.store(value, std::memory_order_relaxed); }
  void add(std::int64_t n) { set(value() + n); }
  std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

/// Fixed bounds in nanoseconds, upper and inclusive; one bucket more than bounds.
inline constexpr std::array<std::uint64_t, 16> kDurationBoundsNs = {
    100'000,    250'000,     500'000,     1'000'000,   2'500'000,     5'000'000,     10'000'000,    25'000'000,
    50'000'000, 100'000'000, 250'000'000, 500'000'000, 1'000'000'000, 2'500'000'000, 5'000'000'000, 10'000'000'000};

class DurationHistogram {
 public:
  void observe(std::uint64_t duration_ns);

  struct Reading {
    std::array<std::uint64_t, kDurationBoundsNs.size() + 1> buckets{};  ///< not cumulative
    std::uint64_t sum_ns = 0;
    Reading& operator+=(const Reading& other);
  };
  Reading read() const;

 private:
  std::array<Counter, kDurationBoundsNs.size() + 1> buckets_;
  Counter sum_ns_;
};

}  // namespace outrigger::metrics
