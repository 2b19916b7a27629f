#pragma once
#include <chrono>
#include <condition_variable>
#include <mutex>

namespace outrigger::kube {

/// Ends, from another thread, whatever a library does in a call with a socket it keeps to itself: connecting, reading
/// or writing.
class InterruptibleSocket {
 public:
  InterruptibleSocket() = default;
  InterruptibleSocket(const InterruptibleSocket&) = delete;
  InterruptibleSocket& operator=(const InterruptibleSocket&) = delete;
  ~InterruptibleSocket();

  /// Around each call; false: interrupted, there is to be no call.
  bool begin_call();
  void end_call();
  /// The library's new socket, before it connects; replaces the one before.
  void adopt(int socket);
  /// The library has closed its socket.
  void release();
  /// Waits for the end of the call that has begun, and ends it itself from `deadline` on. Any thread but the call's.
  void limit_call(std::chrono::steady_clock::time_point deadline);
  /// Ends the call under way, waits for its end and allows no later one. Any thread but the call's.
  void interrupt();
  /// Any thread.
  bool interrupted() const;

 private:
  void end_call_under_way(std::unique_lock<std::mutex>& lock);

  mutable std::mutex mutex_;
  std::condition_variable ended_;
  bool calling_ = false;
  bool interrupted_ = false;
  // A duplicate: the library may close its own, and the number be another file's, just when interrupt() comes.
  int duplicate_ = -1;
};

}  // namespace outrigger::kube
