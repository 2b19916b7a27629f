#pragma once
#include <sys/socket.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "sidecar/buffer_pool.h"

namespace outrigger::sidecar {

/// What is to be sent on a socket: staged piece by piece, sent with one system call, kept where the socket would not
/// take it. Whoever writes stops reading the other side while it is blocked(), so it holds at most what one read
/// brought. Has a buffer of the pool only while it holds bytes. One owner.
class SendQueue {
 public:
  /// `pool` outlives it.
  explicit SendQueue(BufferPool& pool) : pool_(pool) {}
  ~SendQueue() { clear(); }
  SendQueue(const SendQueue&) = delete;
  SendQueue& operator=(const SendQueue&) = delete;

  /// Append here what flush() or send() shall send; nothing else may be done with it.
  std::string& stage() {
    if (bytes_.empty() && bytes_.capacity() <= kInPlace) bytes_ = pool_.take();
    return bytes_;
  }
  /// Sends what is staged, as far as it goes: with one system call, or none when nothing is staged or the socket is
  /// known not to take any. False: the connection is broken (errno says how).
  [[nodiscard]] bool flush(int fd) { return send(fd, {}); }
  /// The same with `bytes` behind it, which are copied only where the socket does not take them.
  [[nodiscard]] bool send(int fd, std::string_view bytes) { return give(fd, bytes, 0); }
  /// flush() where the sending side is closed next: its FIN then needs no segment of its own.
  [[nodiscard]] bool flush_last(int fd) { return give(fd, {}, MSG_MORE); }
  /// The socket takes bytes again (EPOLLOUT).
  [[nodiscard]] bool resume(int fd);

  /// The socket has not taken all: wait for EPOLLOUT, and send no more than must be.
  bool blocked() const { return blocked_; }
  /// Staged or not taken.
  std::size_t size() const { return bytes_.size() - sent_; }
  void clear();
  /// What is staged or not taken, for another to send.
  std::string take();

 private:
  static constexpr std::size_t kInPlace = 15;  ///< libstdc++'s string without a buffer

  bool give(int fd, std::string_view bytes, int flags);
  void account();

  BufferPool& pool_;
  std::string bytes_;
  std::size_t sent_ = 0;       ///< of bytes_, at its beginning
  std::size_t accounted_ = 0;  ///< of what the pool holds
  bool blocked_ = false;
};

}  // namespace outrigger::sidecar
