#include "sidecar/http2_transport.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "net/socket.h"
#include "sidecar/worker.h"

namespace outrigger::sidecar {
namespace {

constexpr std::size_t kEnoughToWrite = 64 * 1024;

}  // namespace

Http2Transport::Http2Transport(Worker& worker, net::FileDescriptor fd, http::Http2Session::Role role, Owner& owner)
    : worker_(worker),
      owner_(owner),
      fd_(std::move(fd)),
      queue_(worker.buffers()),
      last_active_(worker.loop().now()),
      interest_(role == http::Http2Session::Role::client ? EPOLLIN | EPOLLOUT : EPOLLIN),
      established_(role == http::Http2Session::Role::server),
      session_(role, worker.http2_limits(), owner) {
  worker_.loop().add(fd_.get(), interest_, *this);
  if (established_) wants_flush();
}

Http2Transport::~Http2Transport() { close(); }

void Http2Transport::close() { release(); }

net::FileDescriptor Http2Transport::release() {
  if (!fd_) return {};
  worker_.loop().remove(fd_.get(), *this);
  queue_.clear();
  account(0);
  net::FileDescriptor socket = std::move(fd_);
  if (!said_all_) socket.reset();
  return socket;
}

void Http2Transport::receive(std::string_view bytes) {
  last_active_ = worker_.loop().now();
  if (!session_.receive(bytes, worker_.date())) failing_ = true;
  owner_.on_batch_over();
  if (fd_) wants_flush();
}

void Http2Transport::wants_flush() {
  account(session_.held());
  if (std::exchange(flush_wanted_, true)) return;
  worker_.flush_later(*this);
}

void Http2Transport::on_events(std::uint32_t events) {
  if (!established_) {
    if (net::connect_error(fd_.get()) != 0 || (events & (EPOLLERR | EPOLLHUP)) != 0) {
      return lose(http::Http2Error::refused_stream);
    }
    established_ = true;
    set_interest();
    wants_flush();
  }
  if ((events & EPOLLOUT) != 0 && queue_.blocked()) {
    last_active_ = worker_.loop().now();
    if (!queue_.resume(fd_.get())) return lose(http::Http2Error::connect_error);
    if (!queue_.blocked()) wants_flush();
    set_interest();
  }
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) read_some();
}

void Http2Transport::read_some() {
  const auto scratch = worker_.scratch();
  const ssize_t received = ::recv(fd_.get(), scratch.data(), scratch.size(), 0);
  if (received < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (received <= 0) return lose(http::Http2Error::connect_error);
  receive({scratch.data(), static_cast<std::size_t>(received)});
}

void Http2Transport::flush() {
  flush_wanted_ = false;
  if (!fd_ || !established_) return;
  while (!queue_.blocked()) {
    session_.write(queue_.stage(), kEnoughToWrite);
    if (!fd_) return;  // closed by a stream that ended with what was written
    if (queue_.size() == 0) break;
    last_active_ = worker_.loop().now();
    if (!queue_.flush(fd_.get())) return lose(http::Http2Error::connect_error);
    ++sends_;
  }
  if (!queue_.blocked()) queue_.clear();
  if (!queue_.blocked() && (failing_ || session_.over())) {
    said_all_ = true;
    return lose(http::Http2Error::connect_error);
  }
  set_interest();
  account(session_.held());
}

void Http2Transport::account(std::size_t held) { worker_.held().update(accounted_, held); }

void Http2Transport::lose(http::Http2Error error) {
  if (std::exchange(lost_, true)) return;
  session_.abandon(error);
  owner_.on_transport_over();
}

void Http2Transport::set_interest() {
  // Read even while it does not read, or two that wait for each other would wait for ever: what comes is bounded by its
  // windows, and what must be answered by the session's limits.
  const std::uint32_t wanted = queue_.blocked() ? EPOLLIN | EPOLLOUT : EPOLLIN;
  if (wanted == interest_) return;
  interest_ = wanted;
  worker_.loop().modify(fd_.get(), interest_, *this);
}

}  // namespace outrigger::sidecar
