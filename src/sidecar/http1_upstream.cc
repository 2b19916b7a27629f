#include "sidecar/http1_upstream.h"

#include <sys/socket.h>

#include <cerrno>

#include "http/head_writer.h"
#include "net/socket.h"
#include "sidecar/exchange.h"
#include "sidecar/upstream_pool.h"
#include "sidecar/worker.h"

namespace outrigger::sidecar {
namespace {

/// A piece this large is sent from where it is; a smaller one is copied, to go with what comes behind it.
constexpr std::size_t kSentDirectly = 4 * 1024;

}  // namespace

Http1Upstream::Http1Upstream(Worker& worker, Destination& cluster, balance::Backend& backend, net::FileDescriptor fd,
                             net::Clock::time_point expires)
    : worker_(worker),
      cluster_(cluster),
      backend_(backend),
      slot_(cluster),
      fd_(std::move(fd)),
      queue_(worker.buffers()),
      parser_(worker.head_limits()),
      connect_timer_(worker.loop(), [this] { fail(UpstreamFailure::connect_timeout); }),
      expires_(expires),
      interest_(EPOLLIN) {
  worker_.loop().add(fd_.get(), interest_, *this);
}

Http1Upstream::~Http1Upstream() { CHECK(!fd_); }

bool Http1Upstream::expired() const { return worker_.loop().now() >= expires_; }

void Http1Upstream::send_head(const http::RequestHead& head, const http::Hop&, std::string_view wire) {
  request_framing_ = head.framing;
  to_head_ = head.method == "HEAD";
  upgrade_asked_ = head.upgrade;
  request_ended_ = response_begun_ = response_ended_ = false;
  sent_at_ = worker_.loop().now();
  queue_.stage().append(wire);
}

void Http1Upstream::send_data(std::string_view bytes) {
  if (write_broken_) return;
  if (request_framing_ == http::Framing::chunked) http::write_chunk_start(bytes.size(), queue_.stage());
  if (bytes.size() >= kSentDirectly) {
    const std::size_t unsent_before = queue_.size() + bytes.size();
    on_sent(queue_.send(fd_.get(), bytes), unsent_before);
  } else {
    queue_.stage().append(bytes);
  }
  if (request_framing_ == http::Framing::chunked) queue_.stage().append(http::kChunkEnd);
}

void Http1Upstream::send_end(const std::vector<http::Field>& trailers) {
  request_ended_ = true;
  if (request_framing_ == http::Framing::chunked) http::write_last_chunk(trailers, queue_.stage());
}

bool Http1Upstream::flush() {
  const std::size_t unsent_before = queue_.size();
  const bool unbroken = write_broken_ || queue_.flush(fd_.get());
  on_sent(unbroken, unsent_before);
  return established_ || !write_broken_;
}

void Http1Upstream::on_sent(bool unbroken, std::size_t unsent_before) {
  if (!unbroken) {
    // The endpoint may have answered before it closed, and that answer is worth more than our failure to write: the
    // event that follows reads it.
    write_broken_ = true;
  }
  if (write_broken_) return queue_.clear();
  // What was taken in part was sent: from now on a failure is no connect failure, and a POST must not go elsewhere.
  if (queue_.size() < unsent_before) established_ = true;
  if (queue_.blocked()) {
    set_interest();
    if (!established_ && !connect_timer_.is_set()) connect_timer_.set(cluster_.cluster.options().connect_timeout);
  }
}

void Http1Upstream::pause_reading(bool paused) {
  paused_ = paused;
  set_interest();
}

void Http1Upstream::set_interest() {
  const std::uint32_t wanted = (paused_ ? 0u : EPOLLIN) | (queue_.blocked() ? EPOLLOUT : 0u);
  if (!in_loop_ && wanted != 0) {
    worker_.loop().add(fd_.get(), wanted, *this);
    in_loop_ = true;
  } else if (in_loop_ && wanted != interest_) {
    worker_.loop().modify(fd_.get(), wanted, *this);
  }
  interest_ = wanted;
}

void Http1Upstream::leave_loop() {
  if (std::exchange(in_loop_, false)) worker_.loop().remove(fd_.get(), *this);
}

void Http1Upstream::release() {
  exchange_ = nullptr;
  connect_timer_.cancel();
  worker_.held().update(accounted_, 0);
  const bool reusable = established_ && request_ended_ && response_ended_ && keep_alive_ && queue_.size() == 0 &&
                        !write_broken_ && !expired();
  if (reusable) {
    std::string().swap(partial_head_);
    response_body_ = http::BodyReader();
    paused_ = false;
    set_interest();
    idle_since_ = worker_.loop().now();
    if (pool_idle(worker_, cluster_, *this)) return;
  }
  retire();
}

void Http1Upstream::retire() {
  if (std::exchange(retired_, true)) return;
  leave_loop();
  fd_.reset();
  slot_.free();
  worker_.bury(std::unique_ptr<Mortal>(this));
}

void Http1Upstream::on_events(std::uint32_t events) {
  if (exchange_ == nullptr) return drop(*this);  // closed by the endpoint, or speaking unasked
  if (!established_) {
    if (net::connect_error(fd_.get()) != 0 || (events & (EPOLLERR | EPOLLHUP)) != 0) {
      return fail(UpstreamFailure::not_connected);
    }
    established_ = true;
    connect_timer_.cancel();
  }
  if ((events & EPOLLIN) != 0 && sent_at_ == worker_.loop().now()) return on_early_bytes();
  if ((events & EPOLLOUT) != 0 && queue_.blocked()) {
    const std::size_t unsent_before = queue_.size();
    on_sent(queue_.resume(fd_.get()), unsent_before);
    if (!queue_.blocked()) {
      set_interest();
      exchange_->on_upstream_drained();
      if (exchange_ == nullptr) return;
    }
  }
  if (!paused_ && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) return read_some();
  // Told of an end again and again, whatever the interest, while what came before it may not be read yet.
  if (paused_ && (events & (EPOLLHUP | EPOLLERR)) != 0) leave_loop();
}

void Http1Upstream::on_early_bytes() {
  // Read in this round, and sent in it: it came first, so it is no answer (RFC 9112 section 9.2). A FIN says that the
  // endpoint had closed an idle connection: it cannot have answered a request, so none is lost by sending it elsewhere.
  char byte = 0;
  const bool closed = ::recv(fd_.get(), &byte, 1, MSG_PEEK) == 0;
  fail(closed ? UpstreamFailure::had_ended : UpstreamFailure::refused);
}

void Http1Upstream::read_some() {
  const auto scratch = worker_.scratch();
  const ssize_t received = ::recv(fd_.get(), scratch.data(), scratch.size(), 0);
  if (received < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (received <= 0) return on_end(/*orderly=*/received == 0);
  on_bytes({scratch.data(), static_cast<std::size_t>(received)});
}

void Http1Upstream::on_bytes(std::string_view bytes) {
  if (!response_begun_ && !partial_head_.empty()) {
    partial_head_.append(bytes);
    bytes = partial_head_;
  }
  while (!response_begun_) {
    if (!read_head(bytes)) return;
  }
  while (!bytes.empty() && !response_body_.done()) {
    if (!read_body(bytes)) return;
  }
  if (response_body_.done()) {
    response_ended_ = true;
    keep_alive_ = keep_alive_ && bytes.empty();  // more than an answer: whose would it be?
    exchange_->on_upstream_end(response_body_.trailers());
  }
  if (has_no_room()) return exchange_->end_for_room();
  exchange_->flush_response();
}

bool Http1Upstream::has_no_room() {
  const std::size_t before = accounted_;
  worker_.held().update(accounted_, partial_head_.size() + response_body_.held());
  return accounted_ > before && worker_.held().exhausted();
}

bool Http1Upstream::read_head(std::string_view& bytes) {
  http::ResponseHead& head = worker_.response_head();
  const auto parsed = parser_.response(bytes, to_head_, head);
  if (parsed.state == http::ParseState::more) {
    if (bytes.size() != partial_head_.size()) partial_head_ = std::string(bytes);
    if (has_no_room()) {
      exchange_->end_for_room();
    } else {
      exchange_->flush_response();  // interim ones before it
    }
    return false;
  }
  if (parsed.state == http::ParseState::bad) {
    fail(UpstreamFailure::invalid, parsed.problem);
    return false;
  }
  bytes.remove_prefix(parsed.head_bytes);
  if (head.status == 101) {
    if (http::same_name(head.upgrade, upgrade_asked_)) {
      hand_over(head, bytes);
    } else {
      fail(UpstreamFailure::invalid, "a switch to a protocol nobody asked for");
    }
    return false;
  }
  if (head.status >= 200) {
    response_begun_ = true;
    keep_alive_ = head.keep_alive;
    response_body_ = http::BodyReader(head);
  }
  exchange_->on_upstream_head(head);
  return exchange_ != nullptr;
}

bool Http1Upstream::read_body(std::string_view& bytes) {
  const auto step = response_body_.read(bytes);
  if (step.problem != nullptr) {
    fail(UpstreamFailure::invalid, step.problem);
    return false;
  }
  bytes.remove_prefix(step.consumed);
  if (!step.data.empty()) exchange_->on_upstream_data(step.data);
  return exchange_ != nullptr;
}

void Http1Upstream::hand_over(const http::ResponseHead& head, std::string_view bytes) {
  leave_loop();
  exchange_->on_upstream_upgraded(head, {std::move(fd_), bytes, {}, std::move(slot_)});
}

void Http1Upstream::on_end(bool orderly) {
  if (orderly && response_begun_ && response_body_.until_close()) {
    response_ended_ = true;
    exchange_->on_upstream_end({});
    return exchange_->flush_response();
  }
  if (response_begun_ || !partial_head_.empty()) return fail(UpstreamFailure::reset);
  fail(was_pooled() ? UpstreamFailure::ended_idle : UpstreamFailure::refused);
}

void Http1Upstream::fail(UpstreamFailure failure, std::string_view problem) {
  exchange_->on_upstream_failed(failure, problem);
}

}  // namespace outrigger::sidecar
