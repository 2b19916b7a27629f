#include "sidecar/send_queue.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>

#include "result/result.h"

namespace outrigger::sidecar {
namespace {

constexpr std::size_t kMaxPieces = 4;

bool try_again() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

}  // namespace

bool SendQueue::send(int fd, std::span<const std::string_view> pieces) {
  CHECK(pieces.size() <= kMaxPieces);
  std::size_t taken = 0;
  if (bytes_.empty()) {
    std::array<iovec, kMaxPieces> parts;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      parts[i] = {const_cast<char*>(pieces[i].data()), pieces[i].size()};
    }
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = pieces.size();
    const ssize_t sent = ::sendmsg(fd, &message, MSG_NOSIGNAL);
    if (sent < 0 && !try_again()) return false;
    taken = sent < 0 ? 0 : static_cast<std::size_t>(sent);
  }
  for (const std::string_view piece : pieces) {
    if (taken < piece.size()) {
      bytes_.append(piece.substr(taken));
      taken = 0;
    } else {
      taken -= piece.size();
    }
  }
  return true;
}

bool SendQueue::flush(int fd) {
  const ssize_t sent = ::send(fd, bytes_.data(), bytes_.size(), MSG_NOSIGNAL);
  if (sent < 0) return try_again();
  if (static_cast<std::size_t>(sent) == bytes_.size()) {
    clear();
  } else {
    bytes_.erase(0, static_cast<std::size_t>(sent));
  }
  return true;
}

}  // namespace outrigger::sidecar
