#pragma once
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "integration/http_connection.h"

namespace outrigger::integration {

/// What a load has seen so far.
struct LoadReading {
  std::uint64_t answered = 0;
  std::map<std::string, std::uint64_t> by_backend;  ///< answers of status 200, by their body
  std::vector<std::string> failures;                ///< every other outcome, with its time since the load's start
};

/// Keep-alive clients, a thread each, that send a request a millisecond or slower from start to end; every failure
/// counts. Any thread may read it.
class Load {
 public:
  Load(const std::string& address, int clients, const std::string& method = "GET");
  ~Load();
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  LoadReading read() const;
  /// Waits for `count` more requests to be answered; false when they are not by the deadline. Waiting never ends the
  /// load; so do the next two.
  bool goes_on(std::uint64_t count = 200) const;
  /// Waits for another request that `backend` answers.
  bool reaches(const std::string& backend) const;
  /// Waits for 200 answers in a row that are not from `backend`.
  bool avoids(const std::string& backend) const;
  /// Ends it. What it has seen in all.
  LoadReading stop();

 private:
  void send_requests(const std::string& address, bool post);

  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;
  LoadReading reading_;  ///< guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace outrigger::integration
