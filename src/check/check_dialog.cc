#include "check/check_dialog.h"

#include <fmt/format.h>

#include "check/http2_check.h"
#include "http/head_parser.h"
#include "result/result.h"

namespace outrigger::check {
namespace {

using Kind = model::HealthCheck::Kind;

class TcpCheck final : public CheckDialog {
 public:
  std::optional<CheckOutcome> begin(std::string& /*out*/) override { return CheckOutcome{}; }
  std::optional<CheckOutcome> take(std::string_view /*bytes*/, std::string& /*out*/) override { return std::nullopt; }
};

class Http1Check final : public CheckDialog {
 public:
  explicit Http1Check(const CheckQuestion& question) : question_(question) {}

  std::optional<CheckOutcome> begin(std::string& out) override {
    out += fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: {}\r\nConnection: close\r\n\r\n",
                       question_.check.target, question_.authority, kCheckUserAgent);
    return std::nullopt;
  }

  std::optional<CheckOutcome> take(std::string_view bytes, std::string& /*out*/) override {
    received_ += bytes;
    http::ResponseHead head;
    for (;;) {
      const auto parsed = parser_.response(received_, /*to_head=*/false, head);
      if (parsed.state == http::ParseState::bad)
        return CheckOutcome::unwell(fmt::format("no HTTP: {}", parsed.problem));
      if (parsed.state == http::ParseState::more) break;
      if (head.status >= 200 || head.status == 101) return judge_status(head.status);
      received_.erase(0, parsed.head_bytes);
    }
    received_bytes_ += bytes.size();
    if (received_bytes_ > kMaxBytes) return too_much();
    return std::nullopt;
  }

 private:
  const CheckQuestion& question_;
  http::HeadParser parser_{{.max_head_bytes = kMaxBytes}};
  std::string received_;
  std::size_t received_bytes_ = 0;
};

}  // namespace

CheckOutcome judge_status(std::uint16_t status) {
  if (status >= 200 && status < 400) return {};
  return CheckOutcome::unwell(fmt::format("status {}", status));
}

CheckOutcome too_much() {
  return CheckOutcome::unwell(fmt::format("{} bytes without an answer", CheckDialog::kMaxBytes));
}

CheckQuestion check_question(const model::EndpointSet& set) {
  constexpr std::uint16_t kHttpPort = 80;
  const auto& [name, port] = set.service;
  CheckQuestion question{.check = set.options.health_check,
                         .authority = name.name + "." + name.ns,
                         .timeout = set.options.health_check_timeout};
  if (port != kHttpPort) question.authority += ":" + std::to_string(port);
  question.http2 = set.options.protocol == model::Protocol::http2 || set.options.protocol == model::Protocol::grpc;
  return question;
}

std::unique_ptr<CheckDialog> make_check_dialog(const CheckQuestion& question) {
  CHECK(question.check.kind != Kind::off);
  if (question.check.kind == Kind::tcp) return std::make_unique<TcpCheck>();
  if (question.check.kind == Kind::http && !question.http2) return std::make_unique<Http1Check>(question);
  return make_http2_check(question);
}

}  // namespace outrigger::check
