#include "kube/interruptible_socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace outrigger::kube {

InterruptibleSocket::~InterruptibleSocket() { release(); }

bool InterruptibleSocket::begin_call() {
  const std::lock_guard lock(mutex_);
  calling_ = !interrupted_;
  return calling_;
}

void InterruptibleSocket::end_call() {
  const std::lock_guard lock(mutex_);
  calling_ = false;
  ended_.notify_all();
}

void InterruptibleSocket::adopt(int socket) {
  release();
  const std::lock_guard lock(mutex_);
  duplicate_ = fcntl(socket, F_DUPFD_CLOEXEC, 0);
}

void InterruptibleSocket::release() {
  const std::lock_guard lock(mutex_);
  if (duplicate_ >= 0) close(duplicate_);
  duplicate_ = -1;
}

void InterruptibleSocket::limit_call(std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  ended_.wait_until(lock, deadline, [this] { return !calling_; });
  end_call_under_way(lock);
}

void InterruptibleSocket::interrupt() {
  std::unique_lock lock(mutex_);
  interrupted_ = true;
  end_call_under_way(lock);
}

void InterruptibleSocket::end_call_under_way(std::unique_lock<std::mutex>& lock) {
  // Once is not enough: a socket shut down just before it connects still waits for the other side, and a name with
  // several addresses has several sockets.
  while (calling_) {
    if (duplicate_ >= 0) shutdown(duplicate_, SHUT_RDWR);
    ended_.wait_for(lock, std::chrono::milliseconds(2));
  }
}

bool InterruptibleSocket::interrupted() const {
  const std::lock_guard lock(mutex_);
  return interrupted_;
}

}  // namespace outrigger::kube
