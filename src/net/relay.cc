#include "net/relay.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

#include "net/socket.h"

namespace outrigger::net {
namespace {

constexpr std::size_t kSpliceBytes = 1024 * 1024;  ///< asked for at once; the pipe's slots decide
/// A read of so many bytes makes a direction bulk. Below, copying costs no more than moving pages.
constexpr std::size_t kBulkBytes = 16 * 1024;
/// So many smaller ones in a row end that: a large message's last piece is small, too.
constexpr std::uint8_t kSmallReads = 4;
constexpr unsigned kSpliceFlags = SPLICE_F_MOVE | SPLICE_F_NONBLOCK;

bool try_again() { return errno == EAGAIN || errno == EINTR; }

/// What came of a send or splice to a socket: bytes taken, or -1 for a broken connection.
ssize_t taken(ssize_t sent) { return sent < 0 && try_again() ? 0 : sent; }

/// `size` must be what is in the pipe, no more: otherwise some kernels take it that more follows, and wait for it.
ssize_t splice_out(const Pipe& pipe, int fd, std::size_t size) {
  return taken(::splice(pipe.read_end.get(), nullptr, fd, nullptr, size, kSpliceFlags));
}

ssize_t send_some(int fd, std::string_view bytes) {
  return taken(::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL));
}

}  // namespace

struct Relay::Held {
  Held(HeldBytes& all, std::string copied) : bytes(std::move(copied)), all_held(all) { all.update(part, bytes.size()); }
  Held(HeldBytes& all, std::optional<Pipe> taken, std::size_t size)
      : pipe(std::move(taken)), in_pipe(size), all_held(all) {}
  ~Held() { all_held.update(part, 0); }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;

  std::size_t size() const { return pipe ? in_pipe : bytes.size() - sent; }

  std::string bytes = {};
  std::size_t sent = 0;  ///< of `bytes`
  std::optional<Pipe> pipe = {};
  std::size_t in_pipe = 0;
  HeldBytes& all_held;
  std::size_t part = 0;  ///< of all_held
};

Relay::End::End(Relay& owner, Side side) : relay(owner), fd(std::move(side.fd)) {
  if (!side.received.empty()) held = std::make_unique<Held>(owner.resources_.held, std::string(side.received));
}

Relay::End::~End() = default;

Relay::Relay(const RelayResources& resources, Side client, Side upstream, Clock::duration idle, OnOver on_over)
    : resources_(resources),
      client_(*this, std::move(client)),
      upstream_(*this, std::move(upstream)),
      idle_(idle),
      last_active_(resources.loop.now()),
      timer_(resources.loop, [this] { on_timer(); }),
      on_over_(std::move(on_over)) {
  for (End* const end : {&client_, &upstream_}) {
    end->interest = (end->to_be_read() ? EPOLLIN : 0u) | (to_be_written(*end) ? EPOLLOUT : 0u);
    resources_.loop.add(end->fd.get(), end->interest, *end);
  }
  timer_.set(idle_);
}

void Relay::close() {
  timer_.cancel();
  for (End* const end : {&client_, &upstream_}) {
    if (!end->fd) continue;
    if (end->held && end->held->pipe) resources_.pipes.discard(std::move(*end->held->pipe));
    end->held.reset();
    if (over_ != RelayEnd::orderly) reset_on_close(end->fd.get());
    resources_.loop.close(end->fd, *end);
  }
}

void Relay::on_events(End& end, std::uint32_t events) {
  handle(end, events);
  if (over_) tell();
}

void Relay::handle(End& end, std::uint32_t events) {
  if ((events & EPOLLERR) != 0) {
    // What came before a reset is passed on first; reading on meets the reset.
    return (events & EPOLLIN) != 0 && end.to_be_read() ? read(end) : broken(end);
  }
  if ((events & EPOLLOUT) != 0) on_writable(end);
  if (over_ || (events & (EPOLLIN | EPOLLHUP)) == 0) return;
  if (end.to_be_read()) return read(end);
  if ((events & EPOLLHUP) != 0) park(end);
}

void Relay::read(End& from) {
  if (from.bulk_reads == 0 || !splice(from)) receive(from);
  if (over_) return;
  if (from.held || from.ended) {
    set_interest(from);
    set_interest(other(from));
  }
}

void Relay::receive(End& from) {
  const auto scratch = resources_.scratch;
  const ssize_t received = ::recv(from.fd.get(), scratch.data(), scratch.size(), 0);
  if (received < 0) return try_again() ? void() : broken(from);
  from.connected = true;
  if (received == 0) {
    from.ended = true;
    return pass_end_on(from);
  }
  const std::string_view bytes(scratch.data(), static_cast<std::size_t>(received));
  if (bytes.size() >= kBulkBytes) from.bulk_reads = kSmallReads;
  End& to = other(from);
  const ssize_t sent = send_some(to.fd.get(), bytes);
  if (sent < 0) return broken(to);
  moved(from, static_cast<std::size_t>(sent));
  if (sent == received) return;
  from.held = std::make_unique<Held>(resources_.held, std::string(bytes.substr(static_cast<std::size_t>(sent))));
  if (resources_.held.exhausted()) over(RelayEnd::no_room);
}

/// False: nothing came of it, and receive() is to find out what there is.
bool Relay::splice(End& from) {
  auto pipe = resources_.pipes.take();
  if (!pipe) return false;
  const ssize_t received = ::splice(from.fd.get(), nullptr, pipe->write_end.get(), nullptr, kSpliceBytes, kSpliceFlags);
  if (received <= 0) {
    const int error = received < 0 ? errno : 0;
    resources_.pipes.give_back(std::move(*pipe));
    // 0 may be the end, or urgent data in the way; EINVAL is a socket that does not know splice.
    if (error == 0 || error == EINVAL) return false;
    // The pipe was empty, so EAGAIN speaks of the socket. Other errors are told once: recv would then see an end.
    if (error != EAGAIN && error != EINTR) broken(from);
    return true;
  }
  from.bulk_reads = static_cast<std::size_t>(received) >= kBulkBytes ? kSmallReads : from.bulk_reads - 1;
  End& to = other(from);
  const ssize_t sent = splice_out(*pipe, to.fd.get(), static_cast<std::size_t>(received));
  if (sent == received) {
    moved(from, static_cast<std::size_t>(sent));
    resources_.pipes.give_back(std::move(*pipe));
    return true;
  }
  moved(from, sent < 0 ? 0 : static_cast<std::size_t>(sent));
  from.held = std::make_unique<Held>(resources_.held, std::move(pipe),
                                     static_cast<std::size_t>(received - std::max<ssize_t>(sent, 0)));
  if (sent < 0) broken(to);
  return true;
}

void Relay::on_writable(End& to) {
  to.connected = true;
  End& from = other(to);
  if (from.held && !flush(from)) return;
  if (over_) return;
  if (from.ended) {
    if (!from.end_passed) pass_end_on(from);
  } else if (from.bulk_reads > 0) {
    // More has come most often: reading it at once saves turning events on and off again.
    read(from);
  }
  if (over_) return;
  set_interest(from);
  set_interest(to);
}

/// Whether all is out.
bool Relay::flush(End& from) {
  End& to = other(from);
  Held& held = *from.held;
  const ssize_t sent = held.pipe ? splice_out(*held.pipe, to.fd.get(), held.in_pipe)
                                 : send_some(to.fd.get(), std::string_view(held.bytes).substr(held.sent));
  if (sent < 0) {
    broken(to);
    return false;
  }
  moved(from, static_cast<std::size_t>(sent));
  (held.pipe ? held.in_pipe -= static_cast<std::size_t>(sent) : held.sent += static_cast<std::size_t>(sent));
  if (held.size() > 0) return false;
  if (held.pipe) resources_.pipes.give_back(std::move(*held.pipe));
  from.held.reset();
  return true;
}

void Relay::pass_end_on(End& from) {
  End& to = other(from);
  // shutdown() on a socket that still connects would end its attempt.
  if (!to.connected) return;
  ::shutdown(to.fd.get(), SHUT_WR);
  from.end_passed = true;
  if (to.end_passed) over(RelayEnd::orderly);
}

bool Relay::to_be_written(const End& end) {
  const End& from = other(end);
  return from.held || (from.ended && !from.end_passed);
}

/// Both ways of this socket have ended, and epoll says so until it is asked no more.
void Relay::park(End& end) {
  if (to_be_written(end)) return broken(end);
  resources_.loop.remove(end.fd.get(), end);
  end.registered = false;
  end.interest = 0;
}

void Relay::set_interest(End& end) {
  const std::uint32_t wanted = (end.to_be_read() ? EPOLLIN : 0u) | (to_be_written(end) ? EPOLLOUT : 0u);
  if (wanted == end.interest) return;
  end.interest = wanted;
  if (end.registered) {
    resources_.loop.modify(end.fd.get(), wanted, end);
  } else {
    resources_.loop.add(end.fd.get(), wanted, end);
    end.registered = true;
  }
}

void Relay::moved(End& from, std::size_t size) {
  if (size == 0) return;
  from.passed_on += size;
  other(from).connected = true;
  last_active_ = resources_.loop.now();
}

void Relay::broken(End& end) { over(&end == &client_ ? RelayEnd::reset_by_client : RelayEnd::reset_by_upstream); }

void Relay::on_timer() {
  const auto silent = resources_.loop.now() - last_active_;
  if (silent < idle_) return timer_.set(idle_ - silent);
  over(RelayEnd::idle);
  tell();
}

void Relay::tell() {
  close();
  // The last that is done here: whoever is told may destroy this.
  const OnOver on_over = std::move(on_over_);
  on_over(*over_, bytes());
}

}  // namespace outrigger::net
