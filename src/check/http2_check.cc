#include "check/http2_check.h"

#include <fmt/format.h>

#include <limits>

#include "check/grpc_health.h"
#include "http/http2_session.h"
#include "http/syntax.h"

namespace outrigger::check {
namespace {

/// An answer is small: nobody is asked to say more.
constexpr http::Http2Limits kLimits{
    .max_head_bytes = CheckDialog::kMaxBytes, .stream_window_bytes = 16 * 1024, .connection_window_bytes = 64 * 1024};
constexpr std::size_t kMaxMessageBytes = 4 * 1024;
constexpr std::uint64_t kNotFound = 5;  ///< gRPC's statuses
constexpr std::uint64_t kUnimplemented = 12;

class Http2Check : public CheckDialog, private http::Http2SessionHandler, private http::Http2StreamHandler {
 public:
  explicit Http2Check(const CheckQuestion& question)
      : question_(question), session_(http::Http2Session::Role::client, kLimits, *this) {}

  std::optional<CheckOutcome> begin(std::string& out) final {
    http::RequestHead head;
    head.authority = question_.authority;
    head.fields.push_back({"user-agent", kCheckUserAgent});
    ask(head);
    write(out);
    return std::nullopt;
  }

  std::optional<CheckOutcome> take(std::string_view bytes, std::string& out) final {
    received_bytes_ += bytes.size();
    const bool sound = session_.receive(bytes);
    if (!outcome_) write(out);
    if (!sound || session_.over()) conclude(CheckOutcome::unwell("no valid HTTP/2"));
    if (received_bytes_ > kMaxBytes) conclude(too_much());
    return outcome_;
  }

 protected:
  /// Completes the head and sends it, and what follows.
  virtual void ask(http::RequestHead& head) = 0;
  virtual void on_answer(const http::ResponseHead& head) = 0;

  void send(const http::RequestHead& head, std::string_view body) {
    const auto id = session_.request(head, {.via = false}, body.empty(), *this);
    if (body.empty()) return;
    session_.send(id, body);
    session_.finish(id, {});
  }
  /// The first one counts.
  void conclude(CheckOutcome outcome) {
    if (!outcome_) outcome_ = std::move(outcome);
  }

  const CheckQuestion& question_;

 private:
  void write(std::string& out) { session_.write(out, std::numeric_limits<std::size_t>::max()); }

  http::Http2StreamHandler* on_request(http::StreamId, const http::RequestHead&) final { return nullptr; }
  void on_capacity_changed() final {}
  void on_head(const http::ResponseHead& head) final {
    if (head.status >= 200) on_answer(head);
  }
  void on_data(std::string_view /*bytes*/) override {}
  void on_end(const std::vector<http::Field>& /*trailers*/) override {}
  void on_drained() final {}
  void on_closed(http::Http2Error error) final {
    conclude(CheckOutcome::unwell(error == http::Http2Error::protocol_error
                                      ? std::string("no valid HTTP/2")
                                      : fmt::format("the stream was reset, HTTP/2 error {}", std::uint32_t(error))));
  }

  std::optional<CheckOutcome> outcome_;
  std::size_t received_bytes_ = 0;
  http::Http2Session session_;
};

class Http2Get final : public Http2Check {
 public:
  using Http2Check::Http2Check;

 private:
  void ask(http::RequestHead& head) override {
    head.method = "GET";
    head.target = question_.check.target;
    send(head, {});
  }
  void on_answer(const http::ResponseHead& head) override { conclude(judge_status(head.status)); }
};

class GrpcCheck final : public Http2Check {
 public:
  using Http2Check::Http2Check;

 private:
  void ask(http::RequestHead& head) override {
    head.method = "POST";
    head.target = kGrpcHealthPath;
    head.framing = http::Framing::chunked;
    head.accepts_trailers = true;
    const std::string timeout = std::to_string(question_.timeout.count()) + "m";
    head.fields.push_back({"content-type", "application/grpc"});
    head.fields.push_back({"grpc-timeout", timeout});
    send(head, grpc_health_request(question_.check.target));
  }
  void on_answer(const http::ResponseHead& head) override {
    if (head.status != 200) return conclude(CheckOutcome::unwell(fmt::format("status {}", head.status)));
    if (head.framing == http::Framing::none) judge(head.fields);  // gRPC's Trailers-Only
  }
  void on_data(std::string_view bytes) override {
    message_ += bytes;
    if (message_.size() > kMaxMessageBytes) conclude(CheckOutcome::unwell("the message is too large"));
  }
  void on_end(const std::vector<http::Field>& trailers) override { judge(trailers); }

  void judge(const std::vector<http::Field>& fields) {
    const http::Field* const field = http::find_field(fields, "grpc-status");
    const auto status = field == nullptr ? std::nullopt : http::parse_decimal(field->value);
    if (!status) return conclude(CheckOutcome::unwell("no grpc-status"));
    if (*status == kUnimplemented) {
      return conclude(CheckOutcome::unwell("UNIMPLEMENTED: the endpoint has no grpc.health.v1.Health"));
    }
    if (*status == kNotFound) return conclude(CheckOutcome::unwell("NOT_FOUND: the endpoint has no such service"));
    if (*status != 0) return conclude(CheckOutcome::unwell(fmt::format("grpc-status {}", *status)));
    const auto serving = grpc_health_response(message_);
    if (!serving) return conclude(CheckOutcome::unwell("no HealthCheckResponse"));
    conclude(*serving == kServing ? CheckOutcome{} : CheckOutcome::unwell(serving_status_text(*serving)));
  }

  std::string message_;
};

}  // namespace

std::unique_ptr<CheckDialog> make_http2_check(const CheckQuestion& question) {
  if (question.check.kind == model::HealthCheck::Kind::grpc) return std::make_unique<GrpcCheck>(question);
  return std::make_unique<Http2Get>(question);
}

}  // namespace outrigger::check
