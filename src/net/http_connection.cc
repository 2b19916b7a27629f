#include "net/http_connection.h"

#include <algorithm>

#include "http/head_writer.h"
#include "net/served_exchange.h"

namespace outrigger::net {
namespace {

/// Requests sent ahead wait in the kernel when there are more bytes of them than this.
constexpr std::size_t kMaxBuffered = std::size_t{64} * 1024;
/// Nor is the next one served while more bytes of answers than this are unsent: it could be asked for them for ever by
/// someone who does not read them.
constexpr std::size_t kMaxUnsent = std::size_t{256} * 1024;
constexpr int kMaxServedARound = 16;  // so that one client cannot keep the loop

}  // namespace

HttpConnection::HttpConnection(EventLoop& loop, FileDescriptor fd, const SslContext& context, const SocketAddress& peer,
                               const HttpServerLimits& limits, const HttpServer::Handler& handler,
                               const HttpConnectionWatcher& watcher)
    : loop_(loop),
      peer_(peer),
      limits_(limits),
      handler_(handler),
      watcher_(watcher),
      parser_(limits.head),
      deadline_(loop, [this] { on_deadline(); }),
      write_deadline_(loop, [this] { on_write_deadline(); }),
      next_round_(loop, [this] { process(); }),
      soon_(loop, [this] { process(); }),
      stream_(Stream::accepted(loop, std::move(fd), context,
                               {.on_handshake = context ? std::function<void()>([this] { on_handshake(); }) : nullptr,
                                .on_open = [this] { on_open(); },
                                .on_bytes = [this](std::string_view bytes) { on_bytes(bytes); },
                                .on_drained = [this] { on_drained(); },
                                .on_end = [this](const std::string& reason) { on_stream_end(reason); }})) {
  deadline_.set(limits_.head_timeout);
}

HttpConnection::~HttpConnection() {
  gone_ = true;
  stream_->close();
  if (exchange_) end_exchange();
}

void HttpConnection::on_handshake() {
  deadline_.cancel();
  watcher_.on_handshake(*this);
}

void HttpConnection::on_open() {
  open_ = true;
  watcher_.on_open(*this);
}

void HttpConnection::take_up_handshake() {
  deadline_.set(limits_.head_timeout);
  stream_->take_up_handshake();
}

void HttpConnection::write(std::shared_ptr<const std::string> block) {
  stream_->write(std::move(block));
  if (gone_ || write_deadline_.is_set() || stream_->unsent() == 0) return;
  sent_before_ = stream_->sent();
  write_deadline_.set(limits_.write_timeout);
}

void HttpConnection::say_continue() {
  if (std::exchange(expects_continue_, false)) write(std::string(http::continue_response()));
}

bool HttpConnection::decide_close() {
  // Told no 100, the client may send its body or not: what follows would be anyone's guess.
  if (expects_continue_ || last_answer_) keep_alive_ = false;
  return !keep_alive_;
}

void HttpConnection::finish() {
  closing_ = true;
  stream_->finish();
}

void HttpConnection::on_bytes(std::string_view bytes) {
  if (closing_) return;
  buffer_.erase(0, std::exchange(begin_, 0));
  buffer_ += bytes;
  // Each piece of a body gives its client new time.
  if (phase_ == Phase::body) deadline_.set(limits_.idle_timeout);
  process();
}

void HttpConnection::on_drained() {
  write_deadline_.cancel();
  if (exchange_ && !exchange_->complete() && exchange_->on_drained) exchange_->on_drained();
  if (!exchange_) soon_.schedule();
}

void HttpConnection::on_stream_end(const std::string& reason) {
  if (!open_) watcher_.on_handshake_failure(peer_, reason);
  gone();
}

void HttpConnection::on_deadline() {
  if (!open_) watcher_.on_handshake_failure(peer_, "TLS handshake: not done in time");
  if (phase_ != Phase::idle) return abort();
  finish();
  settle();
}

void HttpConnection::on_write_deadline() {
  if (stream_->unsent() == 0) return;
  if (stream_->sent() == sent_before_) return abort();
  sent_before_ = stream_->sent();
  write_deadline_.set(limits_.write_timeout);
}

void HttpConnection::process() {
  CHECK(!processing_);
  processing_ = true;
  for (int served = 0; !closing_ && !gone_;) {
    if (exchange_ && exchange_->complete()) {
      end_exchange();
    } else if (!body_.done()) {
      if (!read_body()) break;
    } else if (exchange_) {
      exchange_->tell_body_end();
      if (!exchange_->complete()) break;
    } else if (backed_up()) {
      break;
    } else if (served == kMaxServedARound) {
      if (!unread().empty()) next_round_.set({});
      break;
    } else {
      if (!read_head()) break;
      ++served;
    }
  }
  processing_ = false;
  settle();
}

bool HttpConnection::read_head() {
  const http::ParseResult parsed = parser_.request(unread(), head_);
  switch (parsed.state) {
    case http::ParseState::more: return false;
    case http::ParseState::bad: refuse(parsed.status, parsed.problem); return false;
    case http::ParseState::complete: break;
  }
  begin_ += parsed.head_bytes;
  serve(head_);
  return true;
}

void HttpConnection::serve(const http::RequestHead& head) {
  body_ = http::BodyReader(head.framing, head.content_length);
  keep_alive_ = head.keep_alive;
  expects_continue_ =
      head.expect_continue && head.version == http::Version::http11 && !body_.done() && unread().empty();
  // Whatever was waited for has come: what is waited for next gets a time of its own.
  phase_ = Phase::nothing;
  deadline_.cancel();
  exchange_ = std::make_unique<ServedExchange>(*this, head);
  handler_(*exchange_);
  if (!exchange_->answered() && !exchange_->on_end) {
    exchange_->respond(500, "text/plain; charset=utf-8", "no answer\n");
  }
  // Who begins a stream and does not keep the exchange could never end it.
  CHECK(exchange_->complete() || exchange_->on_end);
  if (!exchange_->answered() && exchange_->on_body) say_continue();
}

bool HttpConnection::read_body() {
  if (unread().empty()) return false;
  expects_continue_ = false;
  const http::BodyReader::Step step = body_.read(unread());
  begin_ += step.consumed;
  if (step.problem != nullptr) {
    refuse(400, step.problem);
    return false;
  }
  if (!step.data.empty() && exchange_ && exchange_->on_body) exchange_->on_body(step.data);
  return true;
}

void HttpConnection::refuse(std::uint16_t status, std::string_view problem) {
  // An answer that has begun can only be cut off.
  if (exchange_ && exchange_->answered()) return abort();
  std::string out;
  http::write_local_response(status, "", std::string(problem) + "\n", {.http11 = true, .close = true}, out);
  write(std::move(out));
  finish();
  if (exchange_) end_exchange();
}

void HttpConnection::end_exchange() {
  const std::shared_ptr<ServedExchange> ended = std::move(exchange_);
  ended->end();
  loop_.defer([ended] {});
  if (!keep_alive_ && !gone_) finish();
}

void HttpConnection::abort() {
  stream_->close();
  gone();
}

void HttpConnection::gone() {
  if (std::exchange(gone_, true)) return;
  deadline_.cancel();
  write_deadline_.cancel();
  next_round_.cancel();
  if (exchange_) end_exchange();
  watcher_.on_gone(*this);
}

bool HttpConnection::backed_up() const { return stream_->unsent() > kMaxUnsent; }

HttpConnection::Phase HttpConnection::phase() const {
  if (closing_ || backed_up()) return Phase::nothing;
  if (exchange_) return body_.done() || exchange_->answered() ? Phase::nothing : Phase::body;
  if (!body_.done()) return Phase::rest_of_body;
  return unread().empty() ? Phase::idle : Phase::head;
}

void HttpConnection::settle() {
  if (gone_) return;
  if (begin_ == buffer_.size()) {
    buffer_ = std::string();
    begin_ = 0;
  }
  const bool full = !closing_ && unread().size() > kMaxBuffered;
  if (std::exchange(paused_, full) != full) stream_->pause_reading(full);

  const Phase before = std::exchange(phase_, phase());
  if (before == phase_) return;
  switch (phase_) {
    case Phase::head:
    case Phase::rest_of_body: return deadline_.set(limits_.head_timeout);
    case Phase::idle:
    case Phase::body: return deadline_.set(limits_.idle_timeout);
    case Phase::nothing: return deadline_.cancel();
  }
}

}  // namespace outrigger::net
