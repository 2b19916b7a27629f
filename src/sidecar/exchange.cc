#include "sidecar/exchange.h"

#include <algorithm>
#include <array>

#include "http/head_parser.h"
#include "http/head_writer.h"
#include "sidecar/grpc_status.h"
#include "sidecar/request_keys.h"
#include "sidecar/service_host.h"
#include "sidecar/upstream_pool.h"
#include "sidecar/worker.h"

namespace outrigger::sidecar {
namespace {

bool is_idempotent(std::string_view method) {
  static constexpr std::array<std::string_view, 6> kMethods = {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"};
  return std::find(kMethods.begin(), kMethods.end(), method) != kMethods.end();
}

Outcome outcome_of(UpstreamFailure failure) {
  switch (failure) {
    case UpstreamFailure::not_connected:
    case UpstreamFailure::connect_timeout: return Outcome::connect_failure;
    case UpstreamFailure::not_processed:
    case UpstreamFailure::had_ended:
    case UpstreamFailure::ended_idle:
    case UpstreamFailure::refused:
    case UpstreamFailure::reset: return Outcome::reset;
    case UpstreamFailure::invalid: return Outcome::invalid;
  }
  CHECK(false);
}

/// Whether a failure says something of the endpoint: that an idle connection ends, or that it refuses one stream, does
/// not.
balance::Verdict verdict_of_failure(UpstreamFailure failure) {
  switch (failure) {
    case UpstreamFailure::not_processed:
    case UpstreamFailure::had_ended:
    case UpstreamFailure::ended_idle: return balance::Verdict::unknown;
    case UpstreamFailure::not_connected:
    case UpstreamFailure::connect_timeout:
    case UpstreamFailure::refused:
    case UpstreamFailure::reset:
    case UpstreamFailure::invalid: return verdict_of(outcome_of(failure));
  }
  CHECK(false);
}

}  // namespace

Exchange::Exchange(Worker& worker, ClientStream& client, const ListenerTarget& target)
    : worker_(worker), client_(client), target_(target), started_(worker.loop().now()), timer_(worker.loop(), [this] {
        on_time_out();
      }) {
  hold_instead(destination_, *target.destination);
}

Exchange::~Exchange() {
  CHECK(upstream_ == nullptr);
  drop_kept();
  if (cluster_ != nullptr) {
    cluster_->waiting_room.leave(*this);
    --cluster_->users;
    --wanted_cluster_->users;
  }
  worker_.unresolved().leave(*this);
  --destination_->users;
}

void Exchange::start(const http::RequestHead& head, bool whole) {
  request_whole_ = whole;
  idempotent_ = is_idempotent(head.method);
  // RFC 9110 section 7.6.2: it was sent no further than to us.
  if (head.max_forwards == 0u) {
    return head.method == "OPTIONS" ? answer(200, "", "") : answer(501, "", "TRACE is not offered");
  }
  if (worker_.held().above_limit()) return answer(503, kNoRoomError, kNoRoomText);
  const std::uint64_t max_body = worker_.settings().max_body_bytes;
  if (max_body != 0 && head.framing == http::Framing::length && head.content_length > max_body) {
    return answer(413, "http_request_error", "the body is too large");
  }
  version_ = head.version;
  keep_head(head);
  if (!target_.by_host.empty() && !find_service(head, /*has_waited=*/false)) return;
  if (find_cluster(head)) try_endpoint(&head);
}

void Exchange::keep_head(const http::RequestHead& head) {
  kept_head_ = worker_.buffers().take();
  http::write_request_head(head, worker_.hop(client_), kept_head_);
  account();
  kept_head_sensitive_ = head.sensitive || std::any_of(head.fields.begin(), head.fields.end(),
                                                       [](const http::Field& field) { return field.sensitive; });
}

bool Exchange::find_service(const http::RequestHead& head, bool has_waited) {
  const auto refuse = [this](std::uint16_t status, const char* error, const char* text) {
    answer(status, error, text);
    return false;
  };
  const auto service = service_of_host(head.authority, target_.by_host);
  if (!service) return refuse(502, "destination_not_found", "the host is no Service's name");
  const std::string name = service->text();
  if (const auto destination = worker_.router().destination_at(name)) {
    hold_instead(destination_, *destination);
    return true;
  }
  if (!worker_.unresolved().open(name)) return refuse(502, "destination_not_found", "there is no such Service");
  if (has_waited) return refuse(503, "destination_unavailable", "it is not known whether there is such a Service");
  if (!request_whole_) client_.pause_reading(true);
  worker_.unresolved().wait(name, *this);
  return false;
}

void Exchange::on_told() {
  const http::RequestHead head = kept_head();
  if (find_service(head, /*has_waited=*/true) && find_cluster(head)) try_endpoint(nullptr);
}

bool Exchange::find_cluster(const http::RequestHead& head) {
  Destination* const wanted = worker_.router().find(*destination_, head.target);
  if (wanted == nullptr) {
    answer(503, "destination_unavailable", "no such destination");
    return false;
  }
  hold_instead(wanted_cluster_, *wanted);
  hold_instead(cluster_, worker_.router().carrier(*wanted));
  cluster_->retry_budget.on_request(cluster_->now_ms());
  read_keys(head);
  if (const auto timeout = cluster_->cluster.options().timeout; timeout.count() > 0) timer_.set(timeout);
  return true;
}

void Exchange::on_request_data(std::string_view bytes) {
  body_bytes_ += bytes.size();
  const std::uint64_t max_body = worker_.settings().max_body_bytes;
  if (max_body != 0 && body_bytes_ > max_body) return on_request_broken(413, "the body is too large");
  const bool may_keep =
      kept_ && kept_body_.size() + bytes.size() <= kMaxKeptBody && !response_begun_ && !worker_.held().above_limit();
  if (upstream_ == nullptr || may_keep) {
    keep(bytes);
  } else {
    drop_kept();
  }
  if (upstream_ != nullptr) upstream_->send_data(bytes);
}

void Exchange::on_request_end(const std::vector<http::Field>& trailers) {
  request_whole_ = true;
  for (const http::Field& field : trailers) {
    if (kept_) kept_trailers_.push_back({std::string(field.name), std::string(field.value), field.sensitive});
  }
  if (!trailers.empty()) account();
  if (upstream_ != nullptr) upstream_->send_end(trailers);
}

void Exchange::flush_request() {
  if (upstream_ != nullptr && !upstream_->flush()) return on_upstream_failed(UpstreamFailure::not_connected);
  if (worker_.held().exhausted() && (upstream_ == nullptr || upstream_->holds())) return end_for_room();
  if (upstream_ == nullptr) return;
  if (!request_whole_ && upstream_->full()) client_.pause_reading(true);
}

void Exchange::on_request_broken(std::uint16_t status, std::string_view problem) {
  answer_or_abort(status, "http_request_error", problem);
}

void Exchange::end_for_room() {
  worker_.count_no_room();
  answer_or_abort(503, kNoRoomError, kNoRoomText);
}

void Exchange::answer_or_abort(std::uint16_t status, std::string_view proxy_error, std::string_view text) {
  leave_endpoint(Outcome::cancelled);
  if (response_begun_) {
    count(status_);
    return client_.abort();
  }
  answer(status, proxy_error, text);
}

void Exchange::keep(std::string_view bytes) {
  if (kept_body_.empty()) kept_body_ = worker_.buffers().take();
  kept_body_.append(bytes);
  account();
}

void Exchange::account() {
  std::size_t bytes = kept_head_.size() + kept_body_.size();
  for (const KeptField& field : kept_trailers_) bytes += field.name.size() + field.value.size();
  worker_.held().update(held_, bytes);
}

void Exchange::drop_kept() {
  if (!std::exchange(kept_, false)) return;
  worker_.buffers().give(std::exchange(kept_head_, {}));
  worker_.buffers().give(std::exchange(kept_body_, {}));
  kept_trailers_.clear();
  account();
}

void Exchange::read_keys(const http::RequestHead& head) {
  const model::ServiceOptions& options = cluster_->cluster.options();
  http2_upstream_ = cluster_->speaks_http2(version_);
  wanted_endpoint_.reset();
  if (options.policy == model::PolicyKind::consistent_hash) {
    const auto hash = key_hash(options.hash_on, head, client_.address());
    hash_ = hash ? *hash : worker_.random().next();
  }
  if (!options.affinity.cookie.empty()) wanted_endpoint_ = wanted_endpoint(options.affinity, head);
}

balance::Request Exchange::balance_request() const {
  return {.now = cluster_->now(),
          .hash = hash_,
          .tried = tried_,
          .wanted = wanted_endpoint_ ? cluster_->cluster.find(*wanted_endpoint_) : nullptr};
}

void Exchange::go_to_carrier() {
  if (!Router::can_serve(*wanted_cluster_, tried_)) {
    Destination* const other = worker_.router().find(*destination_, kept_head().target, tried_);
    if (other != nullptr) hold_instead(wanted_cluster_, *other);
  }
  Destination& carrier = worker_.router().carrier(*wanted_cluster_, tried_);
  if (&carrier == cluster_) return;
  hold_instead(cluster_, carrier);
  read_keys(kept_head());
}

void Exchange::try_endpoint(const http::RequestHead* head) {
  for (;;) {
    if (!cluster_->has_place() || cluster_->waiting_room.would_be_overtaken_by(*this)) return wait_for_place();
    const balance::Call call = cluster_->cluster.pick(balance_request());
    if (call.backend == nullptr) return answer(503, "destination_unavailable", "no endpoint");
    lease_ = Lease(*cluster_, call);
    balance::Backend* const backend = call.backend;
    const auto acquired = acquire_stream(worker_, *cluster_, *backend, http2_upstream_, /*fresh=*/resent_, *this);
    upstream_ = acquired.stream;
    if (upstream_ != nullptr) break;
    if (acquired.no_place) {
      lease_.give_back();
      return wait_for_place();
    }
    tried_.push_back(backend);
    leave_endpoint(Outcome::connect_failure);
    if (!may_connect_elsewhere()) return answer_failure(UpstreamFailure::not_connected, {});
    cluster_->cells->retries.add();
    go_to_carrier();
  }
  if (head == nullptr) return send_kept();
  upstream_->send_head(*head, worker_.hop(client_), kept_head_);
}

void Exchange::wait_for_place() {
  if (cluster_->waiting_room.size() >= cluster_->limits.pending) {
    return answer(503, "connection_limit_reached", "too many requests wait already");
  }
  if (!request_whole_) client_.pause_reading(true);
  cluster_->waiting_room.enter(*this, cluster_->cluster.options().connect_timeout);
}

http::RequestHead Exchange::kept_head() const {
  // We have written it, so it is one; what was added to it may have made it larger than a client's may be.
  const std::size_t size = kept_head_.size();
  http::HeadParser parser({.max_head_bytes = size + 1, .max_target_bytes = size, .max_fields = size});
  http::RequestHead head;
  CHECK(parser.request(kept_head_, head).state == http::ParseState::complete);
  return head;
}

void Exchange::send_kept() {
  http::RequestHead head = kept_head();
  head.sensitive = kept_head_sensitive_;
  for (http::Field& field : head.fields) field.sensitive = kept_head_sensitive_;
  // What this hop adds is in it.
  head.max_forwards.reset();
  upstream_->send_head(head, {.via = false}, kept_head_);
  if (!kept_body_.empty()) upstream_->send_data(kept_body_);
  if (request_whole_) {
    std::vector<http::Field> trailers;
    for (const auto& [name, value, sensitive] : kept_trailers_) trailers.push_back({name, value, sensitive});
    upstream_->send_end(trailers);
  } else {
    client_.pause_reading(false);  // a try before this one may have paused it
  }
  flush_request();
}

void Exchange::on_place() { try_endpoint(nullptr); }

void Exchange::on_no_place() { answer(503, "connection_limit_reached", "no place at the service in time"); }

void Exchange::on_upstream_drained() {
  if (!request_whole_) client_.pause_reading(false);
}

void Exchange::on_client_drained() {
  if (upstream_ != nullptr) upstream_->pause_reading(false);
}

void Exchange::on_upstream_head(const http::ResponseHead& head) {
  if (head.status < 200) {
    interim_sent_ = true;
    return client_.send_head(head);
  }
  if (may_try_again_after(head.status)) {
    tried_.push_back(&lease_.backend());
    leave_endpoint(Outcome::server_error);
    return try_again();
  }
  timer_.cancel();
  response_begun_ = true;
  drop_kept();
  status_ = head.status;
  if (http2_upstream_) grpc_failed_ = is_grpc_failure(head.fields);
  if (head.status < 500 && !grpc_failed_) lease_.answered();
  const model::Affinity& affinity = cluster_->cluster.options().affinity;
  if (affinity.cookie.empty() || wanted_endpoint_ == lease_.backend().hash) return client_.send_head(head);
  const std::string cookie = affinity_cookie(affinity, lease_.backend().hash);
  http::ResponseHead with_cookie = head;
  with_cookie.fields.push_back({"set-cookie", cookie});
  client_.send_head(with_cookie);
}

void Exchange::on_upstream_data(std::string_view bytes) { client_.send_data(bytes); }

void Exchange::on_upstream_end(const std::vector<http::Field>& trailers) {
  response_whole_ = true;
  if (http2_upstream_ && is_grpc_failure(trailers)) grpc_failed_ = true;
  client_.send_end(trailers);
}

void Exchange::flush_response() {
  if (!client_.flush()) {
    leave_endpoint(Outcome::cancelled);
    return client_.abort();
  }
  if (worker_.held().exhausted() && client_.holds()) return end_for_room();
  if (response_whole_) {
    leave_endpoint(status_ < 500 && !grpc_failed_ ? Outcome::success : Outcome::server_error);
    count(status_);
    return client_.exchange_over();
  }
  if (client_.full()) upstream_->pause_reading(true);
}

void Exchange::on_upstream_upgraded(const http::ResponseHead& head, UpgradedConnection connection) {
  if (worker_.held().exhausted()) return end_for_room();
  timer_.cancel();
  lease_.answered();
  count(head.status);
  connection.lease = std::move(lease_);
  std::exchange(upstream_, nullptr)->release();
  client_.become_tunnel(head, std::move(connection));
}

void Exchange::on_upstream_failed(UpstreamFailure failure, std::string_view problem,
                                  std::optional<std::uint32_t> reset_code) {
  const bool again = may_try_again(failure);
  tried_.push_back(&lease_.backend());
  leave_endpoint(outcome_of(failure), verdict_of_failure(failure));
  if (again) return try_again();
  if (reset_code && client_.pass_reset_on(*reset_code)) return;
  if (!response_begun_) return answer_failure(failure, problem);
  count(status_);
  client_.abort();
}

bool Exchange::may_try_again(UpstreamFailure failure) {
  if (response_begun_ || interim_sent_ || !kept_) return false;
  const auto& options = cluster_->cluster.options();
  switch (failure) {
    case UpstreamFailure::not_connected:
    case UpstreamFailure::connect_timeout: return may_connect_elsewhere();
    case UpstreamFailure::not_processed: return options.retry_on.refused && within_retry_budget();
    case UpstreamFailure::had_ended: return options.retry_on.refused && may_resend();
    case UpstreamFailure::ended_idle: return options.retry_on.refused && idempotent_ && may_resend();
    case UpstreamFailure::refused: return options.retry_on.refused && idempotent_ && within_retry_budget();
    case UpstreamFailure::reset:
    case UpstreamFailure::invalid: return false;
  }
  CHECK(false);
}

bool Exchange::may_connect_elsewhere() {
  return cluster_->cluster.options().retry_on.connect_failure && ++failed_connects_ < kMaxConnects;
}

bool Exchange::may_try_again_after(std::uint16_t status) {
  const auto& retry_on = cluster_->cluster.options().retry_on;
  const bool wanted = (status == 502 && retry_on.bad_gateway) || (status == 503 && retry_on.service_unavailable) ||
                      (status == 504 && retry_on.gateway_timeout);
  return wanted && idempotent_ && kept_ && request_whole_ && !interim_sent_ && within_retry_budget();
}

/// That a pooled connection ends is no sign of trouble, and none of the endpoint's failures: once it costs no retry.
bool Exchange::may_resend() { return !std::exchange(resent_, true) || within_retry_budget(); }

bool Exchange::within_retry_budget() {
  if (retries_ >= cluster_->cluster.options().retries || !cluster_->retry_budget.withdraw(cluster_->now_ms())) {
    return false;
  }
  ++retries_;
  return true;
}

void Exchange::try_again() {
  cluster_->cells->retries.add();
  go_to_carrier();
  try_endpoint(nullptr);
}

void Exchange::answer_failure(UpstreamFailure failure, std::string_view problem) {
  switch (failure) {
    case UpstreamFailure::not_connected: return answer(502, "connection_refused", "no endpoint takes a connection");
    case UpstreamFailure::connect_timeout:
      return answer(504, "connection_timeout", "no endpoint took the connection in time");
    case UpstreamFailure::not_processed:
    case UpstreamFailure::had_ended:
    case UpstreamFailure::ended_idle:
    case UpstreamFailure::refused:
    case UpstreamFailure::reset: return answer(502, "connection_terminated", "the endpoint closed the connection");
    case UpstreamFailure::invalid: return answer(502, "http_protocol_error", problem);
  }
}

void Exchange::answer(std::uint16_t status, std::string_view proxy_error, std::string_view text) {
  client_.send_answer(status, proxy_error, text);
  count(status);
  if (!client_.flush()) return client_.abort();
  client_.exchange_over();
}

void Exchange::leave_endpoint(Outcome outcome, balance::Verdict verdict) {
  if (UpstreamStream* const upstream = std::exchange(upstream_, nullptr)) upstream->release();
  if (lease_) lease_.finish(outcome, verdict);
}

void Exchange::count(std::uint16_t status) {
  destination_->count(status);
  if (destination_->cells == nullptr) return;
  destination_->cells->duration.observe(static_cast<std::uint64_t>((worker_.loop().now() - started_).count()));
}

void Exchange::on_client_gone() { leave_endpoint(Outcome::cancelled); }

void Exchange::on_time_out() {
  leave_endpoint(Outcome::timeout);
  answer(504, "http_response_timeout", "no answer in time");
}

}  // namespace outrigger::sidecar
