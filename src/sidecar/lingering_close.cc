#include "sidecar/lingering_close.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "sidecar/worker.h"

namespace outrigger::sidecar {
namespace {

constexpr auto kSilence = std::chrono::seconds(2);
constexpr auto kAtMost = std::chrono::seconds(30);

}  // namespace

LingeringClose::LingeringClose(Worker& worker, net::FileDescriptor fd)
    : worker_(worker),
      fd_(std::move(fd)),
      begun_(worker.loop().now()),
      last_active_(begun_),
      timer_(worker.loop(), [this] { on_timer(); }) {
  ::shutdown(fd_.get(), SHUT_WR);
  worker_.loop().add(fd_.get(), EPOLLIN, *this);
  timer_.set(left());
}

void LingeringClose::on_events(std::uint32_t) {
  const auto scratch = worker_.scratch();
  const ssize_t received = ::recv(fd_.get(), scratch.data(), scratch.size(), 0);
  if (received < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (received <= 0) return close();
  last_active_ = worker_.loop().now();
}

net::Clock::duration LingeringClose::left() const {
  return std::min(last_active_ + kSilence, begun_ + kAtMost) - worker_.loop().now();
}

void LingeringClose::on_timer() {
  if (left() <= net::Clock::duration::zero()) return close();
  timer_.set(left());
}

void LingeringClose::close() {
  if (!fd_) return;
  timer_.cancel();
  worker_.loop().close(fd_, *this);
  worker_.bury_connection(*this);
}

}  // namespace outrigger::sidecar
