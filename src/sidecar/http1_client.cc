#include "sidecar/http1_client.h"

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>

#include "net/socket.h"
#include "sidecar/tunnel.h"
#include "sidecar/worker.h"

namespace outrigger::sidecar {
namespace {

constexpr std::size_t kMaxPipelined = 64 * 1024;  ///< bytes kept behind the request under way; then reading stops

/// A piece this large is sent from where it is; a smaller one is copied, to go with what comes behind it.
constexpr std::size_t kSentDirectly = 4 * 1024;

constexpr std::string_view kBadRequest = "http_request_error";

/// Of a request that cannot be read any further: whether its answer may have no content (RFC 9110 section 9.3.2).
bool asks_head(std::string_view request) {
  if (request.starts_with("\r\n")) request.remove_prefix(2);
  return request.starts_with("HEAD ");
}

}  // namespace

Http1Client::Http1Client(Worker& worker, net::FileDescriptor fd, std::shared_ptr<const ListenerTarget> target)
    : worker_(worker),
      fd_(std::move(fd)),
      target_(std::move(target)),
      parser_(worker.head_limits()),
      queue_(worker.buffers()),
      timer_(worker.loop(), [this] { on_timer(); }),
      last_active_(worker.loop().now()),
      phase_since_(last_active_) {
  worker_.loop().add(fd_.get(), interest_, *this);
  arm_timer();
}

Http1Client::~Http1Client() { CHECK(closed_); }

// --- the answer

void Http1Client::send_head(const http::ResponseHead& head) {
  Request& request = *request_;
  if (head.status < 200) {
    if (!request.side.http11) return;  // RFC 9110 section 15.2
    http::write_response_head(head, {.http11 = true, .close = false, .to_head = request.side.to_head}, queue_.stage());
    return;
  }
  request.answered = true;
  request.side.close = request.side.close || !request.exchange.request_whole() || worker_.draining();
  request.side.date = worker_.date();
  request.response_framing = http::write_response_head(head, request.side, queue_.stage());
  if (request.response_framing == http::Framing::until_close) request.side.close = true;
}

void Http1Client::send_data(std::string_view bytes) {
  const bool chunked = request_->response_framing == http::Framing::chunked;
  if (request_->response_framing == http::Framing::none) return;  // a HEAD's answer has no body, whatever was sent
  if (chunked) http::write_chunk_start(bytes.size(), queue_.stage());
  if (bytes.size() >= kSentDirectly) {
    if (!request_->broken && !queue_.send(fd_.get(), bytes)) request_->broken = true;
  } else {
    queue_.stage().append(bytes);
  }
  if (chunked) queue_.stage().append(http::kChunkEnd);
}

void Http1Client::send_end(const std::vector<http::Field>& trailers) {
  request_->answered_whole = true;
  if (request_->response_framing != http::Framing::chunked) return;
  static const std::vector<http::Field> kNone;
  http::write_last_chunk(request_->side.accepts_trailers ? trailers : kNone, queue_.stage());
}

void Http1Client::send_answer(std::uint16_t status, std::string_view proxy_error, std::string_view text) {
  Request& request = *request_;
  request.side.close = request.side.close || !request.exchange.request_whole() || worker_.draining();
  request.side.date = worker_.date();
  request.answered_whole = true;
  http::write_local_response(status, proxy_error, text, request.side, queue_.stage());
}

bool Http1Client::flush() {
  last_active_ = worker_.loop().now();
  if (request_->broken) return false;
  const bool last = request_->answered_whole && request_->side.close;
  if (!(last ? queue_.flush_last(fd_.get()) : queue_.flush(fd_.get()))) return false;
  if (queue_.blocked()) set_interest();
  return true;
}

void Http1Client::pause_reading(bool paused) {
  if (paused_ == paused) return;
  paused_ = paused;
  set_interest();
}

std::string Http1Client::address() const { return net::peer_host(fd_.get()); }

void Http1Client::become_tunnel(const http::ResponseHead& head, UpgradedConnection upstream) {
  std::string first = queue_.take();  // interim answers
  http::write_response_head(head, request_->side, first);
  first.append(upstream.received);
  request_.reset();
  worker_.loop().remove(fd_.get(), *this);
  Tunnel& tunnel = worker_.become_tunnel(std::move(fd_), std::move(held_));
  tunnel.join(std::move(upstream.fd), first, std::move(upstream.lease), std::move(upstream.slot));
  close();
}

void Http1Client::exchange_over() {
  const bool close = request_->side.close;
  const bool unread = !request_->exchange.request_whole();
  may_send_more_ = unread || (close && !request_->asked_to_close);
  request_.reset();
  account();
  paused_ = false;
  phase_since_ = last_active_;
  closing_ = close || unread || (ended_ && !processing_ && held_.empty());
  if (closing_) {
    if (!queue_.blocked()) return end_politely();
  } else if (!processing_) {
    return held_.empty() ? await_request() : process({});
  }
  set_interest();
}

void Http1Client::abort() {
  const bool seems_whole_at_its_end = request_->answered && request_->response_framing == http::Framing::until_close;
  request_.reset();
  if (seems_whole_at_its_end) return reset();
  queue_.clear();
  drop_held();
  closing_ = true;
  may_send_more_ = true;
  end_politely();
}

/// Answers before it that have not arrived yet may be lost.
void Http1Client::reset() {
  net::reset_on_close(fd_.get());
  close();
}

// --- the request

void Http1Client::on_events(std::uint32_t events) {
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) return close();
  if ((events & EPOLLOUT) != 0 && queue_.blocked()) {
    last_active_ = worker_.loop().now();
    if (!queue_.resume(fd_.get())) return close();
    if (!queue_.blocked()) on_drained();
  }
  if (!closed_ && (events & EPOLLIN) != 0 && (interest_ & EPOLLIN) != 0) read_some();
}

void Http1Client::on_drained() {
  if (closing_) return end_politely();
  if (request_) request_->exchange.on_client_drained();
  if (closed_) return;
  if (request_ || queue_.blocked()) return set_interest();
  held_.empty() ? await_request() : process({});
}

void Http1Client::await_request() {
  set_interest();
  if (worker_.draining()) drain();
}

void Http1Client::read_some() {
  const auto scratch = worker_.scratch();
  const ssize_t received = ::recv(fd_.get(), scratch.data(), scratch.size(), 0);
  if (received < 0) {
    if (errno != EAGAIN && errno != EINTR) close();
    return;
  }
  last_active_ = worker_.loop().now();
  if (received > 0) {
    process({scratch.data(), static_cast<std::size_t>(received)});
    return;
  }
  ended_ = true;
  // Half-closed: the answers to whole requests are still wanted.
  const bool answering = request_ ? request_->exchange.request_whole() : queue_.blocked();
  if (!answering) return close();
  if (!request_ && held_.empty()) closing_ = true;
  set_interest();
}

void Http1Client::process(std::string_view bytes) {
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
  const bool head_begun = !closing_ && !request_ && !held_.empty() && !queue_.blocked();
  if (head_begun && !head_begun_) phase_since_ = last_active_;
  head_begun_ = head_begun;
  if (ended_ && !closing_ && !request_ && !queue_.blocked()) return close();  // what is held is no whole request
  if (ended_ && !request_ && held_.empty()) closing_ = true;
  if (head_begun_) arm_timer();
  const std::size_t before = accounted_;
  account();
  if (accounted_ > before && worker_.held().exhausted()) return end_for_room();
  if (request_ || closing_ || queue_.blocked() || head_begun_) return set_interest();
  await_request();
}

void Http1Client::end_for_room() {
  if (request_) {
    request_->side.close = true;  // what is held is served no more
    drop_held();
    return request_->exchange.end_for_room();
  }
  worker_.count_no_room();
  refuse(503, kNoRoomError, kNoRoomText, held_);
  if (!closed_) set_interest();
}

bool Http1Client::step(std::string_view& bytes) {
  if (!request_) return !queue_.blocked() && begin_request(bytes);
  if (paused_ || request_->exchange.request_whole()) return false;
  if (const char* problem = read_body(bytes)) {
    bytes = {};
    request_->exchange.on_request_broken(400, problem);
  } else {
    pass_body_on();
  }
  return true;
}

bool Http1Client::begin_request(std::string_view& bytes) {
  http::RequestHead& head = worker_.request_head();
  const auto parsed = parser_.request(bytes, head);
  if (parsed.state == http::ParseState::more) return false;
  if (parsed.state == http::ParseState::bad) {
    refuse(parsed.status, kBadRequest, parsed.problem, bytes);
    return false;
  }
  request_ = std::make_unique<Request>(worker_, *this, *target_);
  request_->side = {.http11 = head.version == http::Version::http11,
                    .close = !head.keep_alive,
                    .to_head = head.method == "HEAD",
                    .accepts_trailers = head.accepts_trailers};
  request_->asked_to_close = !head.keep_alive;
  request_->framing = head.framing;
  request_->body = http::BodyReader(head);
  const std::string_view whole = bytes;
  bytes.remove_prefix(parsed.head_bytes);
  // Before anybody hears of it: a request that is broken in what has come of it never reaches an endpoint.
  if (const char* problem = read_body(bytes)) {
    request_.reset();
    refuse(400, kBadRequest, problem, whole);
    return false;
  }
  request_->exchange.start(head, request_->body.done());
  if (request_) pass_body_on();
  return true;
}

const char* Http1Client::read_body(std::string_view& bytes) {
  auto& pieces = worker_.pieces();
  pieces.clear();
  while (!bytes.empty() && !request_->body.done()) {
    const auto step = request_->body.read(bytes);
    if (step.problem != nullptr) return step.problem;
    bytes.remove_prefix(step.consumed);
    if (!step.data.empty()) pieces.push_back(step.data);
  }
  return nullptr;
}

void Http1Client::pass_body_on() {
  for (const std::string_view piece : worker_.pieces()) {
    request_->exchange.on_request_data(piece);
    if (!request_) return;
  }
  if (request_->body.done()) request_->exchange.on_request_end(request_->body.trailers());
  if (request_) request_->exchange.flush_request();
}

void Http1Client::refuse(std::uint16_t status, std::string_view proxy_error, std::string_view problem,
                         std::string_view request) {
  http::write_local_response(status, proxy_error, problem,
                             {.http11 = true, .close = true, .to_head = asks_head(request), .date = worker_.date()},
                             queue_.stage());
  target_->destination->count(status);
  drop_held();
  head_begun_ = false;
  closing_ = true;
  may_send_more_ = true;
  if (!queue_.flush_last(fd_.get())) return close();
  if (!queue_.blocked()) end_politely();
}

void Http1Client::account() {
  worker_.held().update(accounted_, held_.size() + (request_ ? request_->body.held() : 0));
}

void Http1Client::drop_held() {
  std::string().swap(held_);
  account();
}

// --- its end

void Http1Client::end_politely() {
  // RFC 9112 section 9.6: bytes that are not read, or come later, reset a closed connection, and the client may lose
  // the answer, and those before it.
  int arrived = 0;
  if (!ended_ && (may_send_more_ || ::ioctl(fd_.get(), FIONREAD, &arrived) != 0 || arrived > 0)) {
    worker_.loop().remove(fd_.get(), *this);
    worker_.linger(std::move(fd_));
  }
  close();
}

void Http1Client::drain() {
  if (busy()) return;
  // A request that has arrived, if only its beginning, is answered: closing over it would reset the connection.
  if (!ended_) read_some();
  if (closed_ || busy()) return;
  may_send_more_ = true;
  end_politely();
}

void Http1Client::close() {
  if (std::exchange(closed_, true)) return;
  if (request_) {
    request_->exchange.on_client_gone();
    request_.reset();
  }
  drop_held();
  timer_.cancel();
  if (fd_) worker_.loop().close(fd_, *this);
  worker_.bury_connection(*this);
}

void Http1Client::set_interest() {
  const bool enough = held_.size() >= kMaxPipelined && (request_ || queue_.blocked());
  const bool reading = !ended_ && !closing_ && !paused_ && !enough;
  const std::uint32_t wanted = (reading ? EPOLLIN : 0u) | (queue_.blocked() ? EPOLLOUT : 0u);
  if (wanted == interest_) return;
  interest_ = wanted;
  worker_.loop().modify(fd_.get(), interest_, *this);
}

net::Clock::time_point Http1Client::due() const {
  const auto idle = last_active_ + target_->destination->cluster.options().idle_timeout;
  return head_begun_ ? std::min(idle, phase_since_ + worker_.settings().head_timeout) : idle;
}

void Http1Client::arm_timer() {
  // One set for no later serves as well: it looks again.
  const auto wanted = due();
  if (timer_.is_set() && due_ <= wanted) return;
  due_ = wanted;
  timer_.set(due_ - worker_.loop().now());
}

void Http1Client::on_timer() {
  const auto now = worker_.loop().now();
  if (now < due()) return arm_timer();
  if (head_begun_ && now < last_active_ + target_->destination->cluster.options().idle_timeout) {
    refuse(408, kBadRequest, "the request's head did not come in time", held_);
    if (!closed_) arm_timer();
    return;
  }
  close();
}

}  // namespace outrigger::sidecar
