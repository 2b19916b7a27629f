#include "sidecar/send_queue.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace outrigger::sidecar {
namespace {

bool try_again() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

}  // namespace

bool SendQueue::send(int fd, std::string_view bytes) {
  std::size_t taken = 0;
  if (!blocked_) {
    if (size() + bytes.size() == 0) return true;
    std::array<iovec, 2> parts = {iovec{bytes_.data() + sent_, size()},
                                  iovec{const_cast<char*>(bytes.data()), bytes.size()}};
    msghdr message{};
    const bool one = size() == 0;
    message.msg_iov = one ? &parts[1] : parts.data();
    message.msg_iovlen = one || bytes.empty() ? 1 : 2;
    const ssize_t sent = ::sendmsg(fd, &message, MSG_NOSIGNAL);
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
