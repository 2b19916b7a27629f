#include "sidecar/exchange.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "sidecar/client_connection.h"
#include "sidecar/worker.h"

namespace outrigger::sidecar {
namespace {

constexpr std::uint32_t kMaxConnects = 3;  ///< endpoints a request is offered to while none takes the connection
constexpr std::size_t kMaxIdle = 1'024;    ///< idle connections kept to one endpoint, a worker

bool is_idempotent(std::string_view method) {
  static constexpr std::array<std::string_view, 6> kMethods = {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"};
  return std::find(kMethods.begin(), kMethods.end(), method) != kMethods.end();
}

}  // namespace

Exchange::Exchange(Worker& worker, ClientConnection& client, Destination& destination)
    : worker_(worker), client_(client), destination_(destination), started_(worker.loop().now()) {
  ++destination_.exchanges;
}

Exchange::~Exchange() {
  CHECK(!upstream_);
  worker_.return_buffer(std::move(request_));
  if (cluster_ != nullptr) --cluster_->exchanges;
  --destination_.exchanges;
}

std::size_t Exchange::start(const http::RequestHead& head, std::string_view rest) {
  client_side_ = {
      .http11 = head.version == http::Version::http11, .close = !head.keep_alive, .to_head = head.method == "HEAD"};
  idempotent_ = is_idempotent(head.method);
  request_framing_ = head.framing;
  request_body_ = http::BodyReader(head.framing, head.content_length);

  cluster_ = Router::find(destination_, head.target);
  if (cluster_ == nullptr) {
    answer(503, "destination_unavailable", "no such destination");
    return 0;
  }
  ++cluster_->exchanges;

  request_ = worker_.take_buffer();
  http::write_request_head(head, {}, request_);
  const std::size_t given = rest.size();
  if (!take_request_body(rest, request_)) {
    answer(400, "http_request_error", "the body's framing is broken");
    return given;
  }
  const std::size_t consumed = given - rest.size();
  try_endpoint();
  return consumed;
}

bool Exchange::take_request_body(std::string_view& bytes, std::string& out) {
  while (!bytes.empty() && !request_body_.done()) {
    const auto step = request_body_.read(bytes);
    if (step.problem != nullptr) return false;
    bytes.remove_prefix(step.consumed);
    if (request_framing_ != http::Framing::chunked) {
      out.append(step.data);
      continue;
    }
    if (!step.data.empty()) {
      http::write_chunk_start(step.data.size(), out);
      out.append(step.data).append(http::kChunkEnd);
    }
    if (request_body_.done()) out.append(http::kLastChunk);
  }
  return true;
}

std::size_t Exchange::on_request_bytes(std::string_view bytes) {
  request_kept_ = false;
  worker_.return_buffer(std::move(request_));
  request_.clear();

  std::string& out = worker_.out();
  out.clear();
  const std::size_t given = bytes.size();
  if (!take_request_body(bytes, out)) {
    leave_backend(Outcome::cancelled, false);
    if (response_begun_) {
      client_.abort();
    } else {
      answer(400, "http_request_error", "the body's framing is broken");
    }
    return given;
  }
  const std::size_t consumed = given - bytes.size();
  if (!out.empty()) send_upstream(out);
  return consumed;
}

void Exchange::try_endpoint() {
  for (;;) {
    balance::Backend* backend = cluster_->cluster.pick(tried_);
    if (backend == nullptr) return answer(503, "destination_unavailable", "no endpoint");
    EndpointState& state = state_of(*backend);
    state.cells->in_flight.set(backend->in_flight);
    if (!state.idle.empty()) {
      upstream_ = std::move(state.idle.back());
      state.idle.pop_back();
    } else if (auto socket = net::start_connect(state.address)) {
      upstream_ = std::make_unique<UpstreamConnection>(worker_.loop(), std::move(*socket), *backend);
    } else {
      state.cells->outcomes[static_cast<std::size_t>(Outcome::connect_failure)].add();
      state.cells->in_flight.set(backend->in_flight - 1);
      tried_.push_back(backend);
      cluster_->cluster.finish(*backend);
      if (++failed_connects_ < kMaxConnects) continue;
      return answer(502, "connection_refused", "no endpoint takes a connection");
    }
    upstream_->set_exchange(this);
    return send_upstream(request_);
  }
}

void Exchange::send_upstream(std::string_view bytes) {
  const std::array<std::string_view, 1> pieces = {bytes};
  const std::size_t queued_before = upstream_->queue.size();
  if (!upstream_->queue.send(upstream_->fd(), pieces)) {
    if (!upstream_->established) {
      return try_failed(Outcome::connect_failure, 502, "connection_refused", "no endpoint takes a connection");
    }
    // The endpoint may have answered before it closed, and that answer is worth more than our failure to write: the
    // event that follows reads it.
    return upstream_->queue.clear();
  }
  if (upstream_->queue.empty()) {
    upstream_->established = true;
    // A try before this one may have paused it.
    if (!request_whole()) client_.pause_reading(false);
    return client_.deadline_changed();
  }
  // What was taken in part was sent: from now on a failure is no connect failure, and a POST must not go elsewhere.
  if (upstream_->queue.size() < queued_before + bytes.size()) upstream_->established = true;
  if (!request_whole()) client_.pause_reading(true);
  upstream_->set_interest(client_.full() ? EPOLLOUT : EPOLLIN | EPOLLOUT);
  if (!upstream_->established) {
    connect_deadline_ = worker_.loop().now() + cluster_->cluster.options().connect_timeout;
  }
  client_.deadline_changed();
}

void Exchange::on_upstream_events(std::uint32_t events) {
  if (!upstream_->established) {
    if (net::connect_error(upstream_->fd()) != 0 || (events & (EPOLLERR | EPOLLHUP)) != 0) {
      return try_failed(Outcome::connect_failure, 502, "connection_refused", "no endpoint takes a connection");
    }
    upstream_->established = true;
  }
  if ((events & EPOLLOUT) != 0 && !upstream_->queue.empty()) {
    if (!upstream_->queue.flush(upstream_->fd())) {
      upstream_->queue.clear();
      return read_upstream();
    }
    if (upstream_->queue.empty()) {
      upstream_->set_interest(client_.full() ? 0u : EPOLLIN);
      if (!request_whole()) client_.pause_reading(false);
    }
  }
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) read_upstream();
}

void Exchange::on_client_drained() {
  if (upstream_) upstream_->set_interest(upstream_->queue.empty() ? EPOLLIN : EPOLLIN | EPOLLOUT);
}

void Exchange::read_upstream() {
  const auto scratch = worker_.scratch();
  const ssize_t received = ::recv(upstream_->fd(), scratch.data(), scratch.size(), 0);
  if (received < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (received <= 0) return on_upstream_end(/*orderly=*/received == 0);
  on_response_bytes({scratch.data(), static_cast<std::size_t>(received)});
}

void Exchange::on_response_bytes(std::string_view bytes) {
  worker_.out().clear();
  if (!response_begun_) {
    std::string& partial = upstream_->partial_head;
    if (!partial.empty()) {
      partial.append(bytes);
      bytes = partial;
    }
    while (!response_begun_) {
      if (!read_response_head(bytes)) return;
    }
  }
  forward_response_body(bytes);
}

bool Exchange::read_response_head(std::string_view& bytes) {
  http::ResponseHead& head = worker_.response_head();
  const auto parsed = upstream_->parser.response(bytes, client_side_.to_head, head);
  if (parsed.state == http::ParseState::more) {
    if (bytes.size() != upstream_->partial_head.size()) upstream_->partial_head = std::string(bytes);
    if (client_.full()) upstream_->set_interest(upstream_->queue.empty() ? 0u : EPOLLOUT);
    return false;
  }
  if (parsed.state == http::ParseState::bad || head.status == 101) {
    const char* problem = parsed.problem != nullptr ? parsed.problem : "an upgrade nobody asked for";
    try_failed(Outcome::invalid, 502, "http_protocol_error", problem);
    return false;
  }
  bytes.remove_prefix(parsed.head_bytes);
  std::string& out = worker_.out();
  if (head.status < 200) {
    interim_sent_ = true;
    if (!client_side_.http11) return true;
    http::write_response_head(head, {.http11 = true, .close = false, .to_head = client_side_.to_head}, out);
    const std::array<std::string_view, 1> pieces = {out};
    if (!client_.send(pieces)) {
      leave_backend(Outcome::cancelled, false);
      client_.abort();
      return false;
    }
    out.clear();
    return true;
  }
  response_begun_ = true;
  status_ = head.status;
  upstream_keep_alive_ = head.keep_alive;
  response_body_ = http::BodyReader(head.framing, head.content_length);
  client_side_.close = client_side_.close || !request_whole() || worker_.draining();
  response_framing_ = http::write_response_head(head, client_side_, out);
  if (response_framing_ == http::Framing::until_close) client_side_.close = true;
  return true;
}

void Exchange::forward_response_body(std::string_view bytes) {
  std::string& out = worker_.out();
  std::string_view direct;  // not copied: the one run of bytes that a length or the connection's end delimits
  while (!bytes.empty() && !response_body_.done()) {
    const auto step = response_body_.read(bytes);
    if (step.problem != nullptr) return try_failed(Outcome::invalid, 502, "http_protocol_error", step.problem);
    bytes.remove_prefix(step.consumed);
    if (step.data.empty()) continue;
    if (response_framing_ == http::Framing::chunked) {
      http::write_chunk_start(step.data.size(), out);
      out.append(step.data).append(http::kChunkEnd);
    } else if (bytes.empty() && direct.empty()) {
      direct = step.data;
    } else {
      out.append(step.data);
    }
  }
  if (response_body_.done() && response_framing_ == http::Framing::chunked) out.append(http::kLastChunk);
  const std::array<std::string_view, 2> pieces = {out, direct};
  if (!client_.send(pieces)) {
    leave_backend(Outcome::cancelled, false);
    return client_.abort();
  }
  if (response_body_.done()) return on_response_whole(bytes.empty());
  if (client_.full()) upstream_->set_interest(upstream_->queue.empty() ? 0u : EPOLLOUT);
}

void Exchange::on_upstream_end(bool orderly) {
  if (!orderly || !response_begun_ || !response_body_.until_close()) {
    return try_failed(Outcome::reset, 502, "connection_terminated", "the endpoint closed the connection");
  }
  if (response_framing_ == http::Framing::chunked) {
    const std::array<std::string_view, 1> pieces = {http::kLastChunk};
    if (!client_.send(pieces)) {
      leave_backend(Outcome::cancelled, false);
      return client_.abort();
    }
  }
  on_response_whole(false);
}

void Exchange::on_response_whole(bool reusable) {
  const bool request_sent = request_whole() && upstream_->queue.empty();
  leave_backend(status_ < 500 ? Outcome::success : Outcome::server_error,
                reusable && request_sent && upstream_keep_alive_);
  count(status_);
  client_.exchange_over(client_side_.close || !request_sent);
}

bool Exchange::may_try_again(Outcome outcome) {
  if (response_begun_ || interim_sent_ || !request_kept_) return false;
  if (outcome == Outcome::connect_failure) return ++failed_connects_ < kMaxConnects;
  if (outcome != Outcome::reset || !idempotent_ || replayed_ || !upstream_->partial_head.empty()) return false;
  replayed_ = true;
  return true;
}

void Exchange::try_failed(Outcome outcome, std::uint16_t status, std::string_view proxy_error, std::string_view text) {
  const bool again = may_try_again(outcome);
  tried_.push_back(&upstream_->backend());
  leave_backend(outcome, false);
  if (response_begun_) {
    count(status_);
    return response_framing_ == http::Framing::until_close ? client_.reset() : client_.abort();
  }
  if (!again) return answer(status, proxy_error, text);
  cluster_->cells->retries.add();
  try_endpoint();
}

void Exchange::answer(std::uint16_t status, std::string_view proxy_error, std::string_view text) {
  client_side_.close = client_side_.close || !request_whole() || worker_.draining();
  std::string& out = worker_.out();
  out.clear();
  http::write_local_response(status, proxy_error, text, client_side_, out);
  count(status);
  const std::array<std::string_view, 1> pieces = {out};
  if (!client_.send(pieces)) return client_.abort();
  client_.exchange_over(client_side_.close);
}

void Exchange::leave_backend(Outcome outcome, bool reusable) {
  balance::Backend& backend = upstream_->backend();
  EndpointState& state = state_of(backend);
  state.cells->outcomes[static_cast<std::size_t>(outcome)].add();
  state.cells->in_flight.set(backend.in_flight - 1);
  if (reusable && backend.in_set && state.idle.size() < kMaxIdle) {
    upstream_->becomes_idle(worker_.loop().now());
    state.idle.push_back(std::move(upstream_));
    worker_.idle_connections_exist();
  }
  upstream_.reset();
  cluster_->cluster.finish(backend);
}

void Exchange::count(std::uint16_t status) {
  if (destination_.cells == nullptr) return;
  destination_.cells->codes[status - kFirstStatus].add();
  destination_.cells->duration.observe(static_cast<std::uint64_t>((worker_.loop().now() - started_).count()));
}

void Exchange::on_client_gone() {
  if (upstream_) leave_backend(Outcome::cancelled, false);
}

std::optional<net::Clock::time_point> Exchange::deadline() const {
  if (!upstream_ || response_begun_) return std::nullopt;
  std::optional<net::Clock::time_point> first;
  if (!upstream_->established) first = connect_deadline_;
  const auto timeout = cluster_->cluster.options().timeout;
  if (timeout.count() > 0 && (!first || started_ + timeout < *first)) first = started_ + timeout;
  return first;
}

void Exchange::on_deadline(net::Clock::time_point now) {
  const auto timeout = cluster_->cluster.options().timeout;
  if (timeout.count() > 0 && now >= started_ + timeout) {
    return try_failed(Outcome::timeout, 504, "http_response_timeout", "no answer in time");
  }
  try_failed(Outcome::connect_failure, 504, "connection_timeout", "no endpoint took the connection in time");
}

}  // namespace outrigger::sidecar
