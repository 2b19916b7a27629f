#include "sidecar/client_connection.h"

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "sidecar/worker.h"

namespace outrigger::sidecar {
namespace {

constexpr std::size_t kMaxPipelined = 64 * 1024;  ///< bytes kept behind the request under way; then reading stops
constexpr auto kLinger = std::chrono::seconds(2);

}  // namespace

ClientConnection::ClientConnection(Worker& worker, net::FileDescriptor fd, std::shared_ptr<const ListenerTarget> target)
    : worker_(worker),
      fd_(std::move(fd)),
      target_(std::move(target)),
      timer_(worker.loop(), [this] { on_timer(); }),
      last_active_(worker.loop().now()) {
  worker_.loop().add(fd_.get(), interest_, *this);
  arm_timer();
}

ClientConnection::~ClientConnection() { close(); }

bool ClientConnection::send(std::span<const std::string_view> pieces) {
  last_active_ = worker_.loop().now();
  if (!queue_.send(fd_.get(), pieces)) return false;
  if (!queue_.empty()) set_interest();
  return true;
}

void ClientConnection::pause_reading(bool pause) {
  paused_ = pause;
  set_interest();
}

void ClientConnection::exchange_over(bool close) {
  unread_ = !exchange_->request_whole();
  exchange_.reset();
  paused_ = false;
  closing_ = close || unread_ || worker_.draining() || (ended_ && !processing_ && held_.empty());
  if (closing_) {
    if (queue_.empty()) return end_politely();
  } else if (!processing_ && !held_.empty()) {
    return process({});
  }
  set_interest();
}

void ClientConnection::abort() {
  exchange_.reset();
  queue_.clear();
  held_.clear();
  closing_ = true;
  unread_ = true;  // perhaps: a client whose answer is cut is often still sending
  end_politely();
}

void ClientConnection::reset() {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  close();
}

void ClientConnection::deadline_changed() { arm_timer(); }

void ClientConnection::drain() {
  if (exchange_ || !queue_.empty() || lingering_) return;
  // A request that has arrived is answered: closing over it would reset the connection.
  if (!ended_) read_some();
  if (!closed_ && !exchange_ && queue_.empty() && !lingering_) close();
}

void ClientConnection::on_events(std::uint32_t events) {
  // Lingering, both sides have ended when the client has, but what it sent before is still to be read: closing with
  // bytes unread resets, and may take our answer from it.
  if ((events & EPOLLERR) != 0 || ((events & EPOLLHUP) != 0 && !lingering_)) return close();
  if ((events & EPOLLOUT) != 0 && !queue_.empty()) {
    last_active_ = worker_.loop().now();
    if (!queue_.flush(fd_.get())) return close();
    if (queue_.empty()) on_drained();
  }
  if (!closed_ && (events & EPOLLIN) != 0 && (interest_ & EPOLLIN) != 0) read_some();
}

void ClientConnection::on_drained() {
  if (closing_) return end_politely();
  if (exchange_) exchange_->on_client_drained();
  if (!closed_ && !exchange_ && !held_.empty()) return process({});
  if (!closed_) set_interest();
}

void ClientConnection::read_some() {
  const auto scratch = worker_.scratch();
  const ssize_t received = ::recv(fd_.get(), scratch.data(), scratch.size(), 0);
  if (received < 0) {
    if (errno != EAGAIN && errno != EINTR) close();
    return;
  }
  last_active_ = worker_.loop().now();
  if (received > 0) {
    if (!lingering_) process({scratch.data(), static_cast<std::size_t>(received)});
    return;
  }
  ended_ = true;
  // Half-closed: the answers to whole requests are still wanted.
  const bool answering = exchange_ ? exchange_->request_whole() : !queue_.empty();
  if (lingering_ || !answering) return close();
  if (!exchange_ && held_.empty()) closing_ = true;
  set_interest();
}

void ClientConnection::process(std::string_view bytes) {
  std::string joined;
  if (!held_.empty()) {
    joined.swap(held_);
    joined.append(bytes);
    bytes = joined;
  }
  processing_ = true;
  while (!closed_ && !closing_ && !bytes.empty() && step(bytes)) {
  }
  processing_ = false;
  if (closed_) return;
  if (!closing_ && !bytes.empty()) {
    if (bytes.size() == joined.size()) {
      held_ = std::move(joined);
    } else {
      held_.assign(bytes);
    }
  }
  if (ended_ && !closing_ && !exchange_ && queue_.empty()) return close();  // what is held is no whole request
  if (ended_ && !exchange_ && held_.empty()) closing_ = true;
  set_interest();
}

bool ClientConnection::step(std::string_view& bytes) {
  if (!exchange_) return queue_.empty() && begin_exchange(bytes);
  if (paused_ || exchange_->request_whole()) return false;
  bytes.remove_prefix(exchange_->on_request_bytes(bytes));
  return true;
}

bool ClientConnection::begin_exchange(std::string_view& bytes) {
  http::RequestHead& head = worker_.request_head();
  const auto parsed = parser_.request(bytes, head);
  if (parsed.state == http::ParseState::more) return false;
  if (parsed.state == http::ParseState::bad) {
    refuse(parsed.status, parsed.problem);
    return false;
  }
  exchange_.emplace(worker_, *this, *target_->destination);
  const std::size_t body_bytes = exchange_->start(head, bytes.substr(parsed.head_bytes));
  bytes.remove_prefix(parsed.head_bytes + body_bytes);
  return true;
}

void ClientConnection::refuse(std::uint16_t status, std::string_view problem) {
  std::string& out = worker_.out();
  out.clear();
  http::write_local_response(status, "http_request_error", problem, {.http11 = true, .close = true, .to_head = false},
                             out);
  ServiceCells* const cells = target_->destination->cells;
  if (cells != nullptr) cells->codes[status - kFirstStatus].add();
  closing_ = true;
  unread_ = true;
  const std::array<std::string_view, 1> pieces = {out};
  if (!send(pieces)) return close();
  if (queue_.empty()) end_politely();
}

void ClientConnection::end_politely() {
  // RFC 9112 section 9.6: closing with unread bytes resets the connection, and the client may lose the answer, and
  // those before it.
  int arrived = 0;
  const bool unread = unread_ || ::ioctl(fd_.get(), FIONREAD, &arrived) != 0 || arrived > 0;
  if (ended_ || !unread) return close();
  lingering_ = true;
  held_.clear();
  ::shutdown(fd_.get(), SHUT_WR);
  last_active_ = worker_.loop().now();
  arm_timer();
  set_interest();
}

void ClientConnection::close() {
  if (closed_) return;
  closed_ = true;
  if (exchange_) {
    exchange_->on_client_gone();
    exchange_.reset();
  }
  timer_.cancel();
  worker_.loop().remove(fd_.get(), *this);
  fd_.reset();
  worker_.bury(*this);
}

void ClientConnection::set_interest() {
  const bool enough = held_.size() >= kMaxPipelined && (exchange_ || !queue_.empty());
  const bool reading = lingering_ || (!ended_ && !closing_ && !paused_ && !enough);
  const std::uint32_t wanted = (reading ? EPOLLIN : 0u) | (queue_.empty() ? 0u : EPOLLOUT);
  if (wanted == interest_) return;
  interest_ = wanted;
  worker_.loop().modify(fd_.get(), interest_, *this);
}

net::Clock::duration ClientConnection::idle_limit() const {
  return lingering_ ? kLinger : target_->destination->cluster.options().idle_timeout;
}

void ClientConnection::arm_timer() {
  auto due = last_active_ + idle_limit();
  if (exchange_) {
    if (const auto deadline = exchange_->deadline(); deadline && *deadline < due) due = *deadline;
  }
  if (timer_.is_set() && timer_due_ <= due) return;
  timer_due_ = due;
  timer_.set(due - worker_.loop().now());
}

void ClientConnection::on_timer() {
  const auto now = worker_.loop().now();
  if (now - last_active_ >= idle_limit()) return close();
  if (exchange_) {
    if (const auto deadline = exchange_->deadline(); deadline && *deadline <= now) exchange_->on_deadline(now);
  }
  if (!closed_) arm_timer();
}

}  // namespace outrigger::sidecar
