#include "net/stream.h"

#include <array>
#include <system_error>

namespace outrigger::net {
namespace {

using Kind = Progress::Kind;

constexpr std::size_t kReadBytes = std::size_t{64} * 1024;
constexpr std::size_t kMaxRoundBytes = 4 * kReadBytes;  ///< either way, so that one peer cannot keep the loop
constexpr std::chrono::seconds kLinger{2};

}  // namespace

std::unique_ptr<Stream> Stream::accepted(EventLoop& loop, FileDescriptor fd, const SslContext& context,
                                         Callbacks callbacks) {
  CHECK(fd);
  const State state = context && callbacks.on_handshake ? State::silent : State::handshaking;
  return std::unique_ptr<Stream>(
      new Stream(loop, Transport::server(std::move(fd), context), state, std::move(callbacks)));
}

std::unique_ptr<Stream> Stream::connecting(EventLoop& loop, FileDescriptor fd, const SslContext& context,
                                           const std::string& server_name, Callbacks callbacks) {
  CHECK(fd);
  return std::unique_ptr<Stream>(new Stream(loop, Transport::client(std::move(fd), context, server_name),
                                            State::connecting, std::move(callbacks)));
}

Result<std::unique_ptr<Stream>> Stream::connect(EventLoop& loop, const SocketAddress& address,
                                                const SslContext& context, const std::string& server_name,
                                                Callbacks callbacks) {
  auto fd = start_connect(address);
  if (!fd) return tl::unexpected(fd.error());
  return connecting(loop, std::move(*fd), context, server_name, std::move(callbacks));
}

Stream::Stream(EventLoop& loop, Transport transport, State state, Callbacks callbacks)
    : loop_(loop),
      transport_(std::move(transport)),
      callbacks_(std::move(callbacks)),
      state_(state),
      linger_(loop, [this] { end(""); }),
      soon_(loop, [this] { continue_work(); }) {
  interest_ = state_ == State::connecting ? EPOLLOUT : EPOLLIN;
  loop_.add(descriptor().get(), interest_, *this);
  if (state_ == State::handshaking) soon_.schedule();
}

Stream::~Stream() {
  CHECK(!in_callback_);
  close();
}

void Stream::write(std::shared_ptr<const std::string> block) {
  if (finishing_ || state_ == State::ended || block->empty()) return;
  unsent_ += block->size();
  queue_.push_back(std::move(block));
  if (state_ == State::open && (interest_ & EPOLLOUT) == 0) soon_.schedule();
}

void Stream::take_up_handshake() {
  if (state_ != State::waiting) return;
  state_ = State::handshaking;
  soon_.schedule();
}

void Stream::pause_reading(bool pause) {
  paused_ = pause;
  update_interest();
  if (reads() && transport_.has_buffered()) soon_.schedule();
}

void Stream::finish() {
  if (finishing_ || state_ == State::ended) return;
  finishing_ = true;
  if (state_ == State::open) soon_.schedule();
}

void Stream::close() {
  if (state_ == State::ended) return;
  state_ = State::ended;
  linger_.cancel();
  loop_.remove(descriptor().get(), *this);
  transport_.close();
  queue_ = {};
  first_ = 0;
  unsent_ = 0;
}

void Stream::end(const std::string& reason) {
  close();
  call(callbacks_.on_end, reason);
}

void Stream::on_events(std::uint32_t events) {
  switch (state_) {
    case State::connecting: return finish_connecting();
    case State::silent: return wait_for_turn();
    case State::waiting: return end("TLS handshake: the peer has closed the connection");  // nothing else is asked for
    case State::handshaking: return handshake();
    case State::lingering: return linger();
    case State::open: break;
    case State::ended: return;
  }
  // Hang-ups are told whether asked for or not; with nobody to read them they would be told for ever.
  const bool lost = (events & (EPOLLERR | EPOLLHUP)) != 0;
  if (lost && !reads()) {
    const int error = connect_error(descriptor().get());
    return end(error == 0 ? "" : std::system_category().message(error));
  }
  if ((events & EPOLLOUT) != 0 || write_wants_read_) flush();
  if (reads() && (lost || (events & EPOLLIN) != 0 || read_wants_write_)) read_some();
  update_interest();
}

void Stream::wait_for_turn() {
  state_ = State::waiting;
  update_interest();
  call(callbacks_.on_handshake);
}

void Stream::finish_connecting() {
  if (const int error = connect_error(descriptor().get()); error != 0) {
    return end("connect: " + std::system_category().message(error));
  }
  state_ = State::handshaking;
  handshake();
}

void Stream::handshake() {
  const Progress progress = transport_.handshake();
  if (failed(progress)) return;
  if (progress.kind == Kind::done) {
    read_wants_write_ = false;
    state_ = State::open;
    call(callbacks_.on_open);
    if (state_ == State::open) soon_.schedule();
  } else {
    read_wants_write_ = progress.kind == Kind::want_write;
  }
  update_interest();
}

bool Stream::failed(const Progress& progress) {
  if (progress.kind == Kind::failed) {
    end(progress.reason);
  } else if (progress.kind == Kind::end) {
    end(state_ == State::handshaking ? "TLS handshake: the peer has closed the connection"
                                     : "the peer has closed the connection");
  }
  return state_ == State::ended;
}

void Stream::read_some() {
  std::array<char, kReadBytes> buffer;
  for (std::size_t total = 0; reads() && (total < kMaxRoundBytes || transport_.has_buffered());) {
    const Progress progress = transport_.read(buffer);
    read_wants_write_ = progress.kind == Kind::want_write;
    if (progress.kind == Kind::end) {
      read_closed_ = true;
      // What is queued still goes to a peer that only closed its own side; flush() ends the stream.
      return soon_.schedule();
    }
    if (failed(progress)) return;
    if (progress.kind != Kind::done) return;
    total += progress.bytes;
    if (!finishing_) call(callbacks_.on_bytes, std::string_view(buffer.data(), progress.bytes));
  }
}

void Stream::flush() {
  write_wants_read_ = false;
  for (std::size_t total = 0; unsent_ > 0 && total < kMaxRoundBytes;) {
    const std::size_t sent = write_once();
    if (sent == 0) return;
    total += sent;
    if (unsent_ == 0) {
      call(callbacks_.on_drained);
      if (state_ != State::open) return;
      break;
    }
  }
  if (unsent_ == 0) after_flush();
}

std::size_t Stream::write_once() {
  std::array<std::string_view, Transport::kMaxPieces> pieces;
  std::size_t count = 0;
  for (std::size_t i = first_; i < queue_.size() && count < pieces.size(); ++i) pieces[count++] = *queue_[i];
  pieces[0].remove_prefix(front_sent_);
  const Progress progress = transport_.write(std::span(pieces).first(count));
  if (failed(progress)) return 0;
  write_wants_read_ = progress.kind == Kind::want_read;
  if (progress.kind == Kind::done) drop_sent(progress.bytes);
  return progress.bytes;
}

void Stream::drop_sent(std::size_t bytes) {
  sent_ += bytes;
  unsent_ -= bytes;
  front_sent_ += bytes;
  while (first_ < queue_.size() && front_sent_ >= queue_[first_]->size()) {
    front_sent_ -= queue_[first_]->size();
    queue_[first_++].reset();
  }
  if (first_ == queue_.size()) {
    queue_ = {};
    first_ = 0;
  } else if (first_ > queue_.size() / 2) {
    queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
  }
}

void Stream::after_flush() {
  if (read_closed_) return end("");
  if (!finishing_) return;
  const Progress progress = transport_.shut_down();
  if (failed(progress)) return;
  write_wants_read_ = progress.kind == Kind::want_read;
  if (progress.kind != Kind::done) return;
  state_ = State::lingering;
  linger_.set(kLinger);
}

void Stream::linger() {
  std::array<char, kReadBytes> buffer;
  const Progress progress = transport_.discard(buffer);
  if (progress.kind == Kind::end || progress.kind == Kind::failed) end("");
}

void Stream::continue_work() {
  if (state_ == State::handshaking) handshake();
  if (state_ == State::open) flush();
  if (reads() && transport_.has_buffered()) read_some();
  // What callbacks have queued or resumed meanwhile waits for the next round, or this one might never end.
  update_interest();
}

void Stream::update_interest() {
  std::uint32_t interest = 0;
  switch (state_) {
    case State::connecting: interest = EPOLLOUT; break;
    case State::silent: interest = EPOLLIN; break;
    case State::waiting: break;
    case State::handshaking: interest = read_wants_write_ ? EPOLLOUT : EPOLLIN; break;
    case State::open: {
      const bool to_write = unsent_ > 0 || finishing_ || read_closed_;
      if (reads() || (to_write && write_wants_read_)) interest |= EPOLLIN;
      if (read_wants_write_ || (to_write && !write_wants_read_)) interest |= EPOLLOUT;
      break;
    }
    case State::lingering: interest = EPOLLIN; break;
    case State::ended: return;
  }
  if (interest == interest_) return;
  interest_ = interest;
  loop_.modify(descriptor().get(), interest, *this);
}

}  // namespace outrigger::net
