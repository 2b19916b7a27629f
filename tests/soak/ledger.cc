#include "soak/ledger.h"

#include <fmt/format.h>

#include <algorithm>

namespace outrigger::soak {
namespace {

constexpr std::size_t kMaxUnexplained = 100;
constexpr auto kRemembered = std::chrono::minutes(3);  ///< longer than any request's deadline

/// The outcome that the script itself leads to.
bool is_as_scripted(const Plan& plan, const Seen& seen) {
  const bool good = seen.status == 200 && seen.whole && seen.content_right;
  const bool cut = seen.status == 200 && !seen.whole && seen.content_right;
  const bool bad_gateway = seen.status == 502 && seen.whole;
  switch (plan.script.behaviour) {
    case Behaviour::whole:
    case Behaviour::chunked:
    case Behaviour::until_close:
    case Behaviour::slow:
    case Behaviour::go_away: return good;
    case Behaviour::echo:
      return plan.tunnel ? seen.whole && seen.content_right : good && (!plan.http2_endpoint || seen.grpc_status == 0);
    case Behaviour::unavailable: return seen.status == 503 && seen.whole;
    case Behaviour::never: return seen.status == 504 && seen.whole;
    case Behaviour::refuse:
    case Behaviour::reset_mid_head:
    case Behaviour::garbage: return bad_gateway;
    case Behaviour::reset_before:
      return plan.http2_endpoint ? seen.reset == http::Http2Error::internal_error : bad_gateway;
    case Behaviour::reset_mid_body:
    case Behaviour::close_mid_body: return cut || bad_gateway || (plan.http2_endpoint && seen.reset.has_value());
  }
  return false;
}

std::string outcome_of(const Plan& plan, const Seen& seen) {
  if (seen.hung) return "hung";
  if (seen.not_connected) return "not connected";
  if (!seen.content_right) return "wrong content";
  if (plan.tunnel) return seen.whole ? "whole" : "cut";
  std::string text = seen.status == 0 ? "no answer" : std::to_string(seen.status);
  if (seen.status != 0 && !seen.whole) text += " cut";
  if (!seen.proxy_error.empty()) text += " " + seen.proxy_error;
  if (seen.grpc_status) text += fmt::format(" grpc {}", *seen.grpc_status);
  if (seen.reset) text += fmt::format(" reset {}", static_cast<std::uint32_t>(*seen.reset));
  return text;
}

template <class Spans>
void forget_old(Spans& spans, net::Clock::time_point now) {
  while (spans.front().to && *spans.front().to + kRemembered < now) spans.pop_front();
}

}  // namespace

void Ledger::fault_begins(const std::string& service) {
  faults_[service].push_back({.from = loop_.now()});
  forget_old(faults_[service], loop_.now());
}

void Ledger::fault_ends(const std::string& service) { faults_.at(service).back().to = loop_.now(); }

void Ledger::went_away(const std::string& service) {
  goaways_[service].push_back({.from = loop_.now(), .to = loop_.now()});
  forget_old(goaways_[service], loop_.now());
}

void Ledger::drain_ends() {
  drains_.push_back({.from = *drain_began_, .to = loop_.now()});
  drain_began_.reset();
}

std::size_t Ledger::count_since(const std::map<std::string, std::deque<Span>>& spans, const Plan& plan,
                                const Seen& seen) const {
  const auto found = spans.find(plan.service);
  if (found == spans.end()) return 0;
  return static_cast<std::size_t>(std::count_if(found->second.begin(), found->second.end(),
                                                [&](const Span& span) { return !span.to || *span.to >= seen.sent; }));
}

std::string Ledger::explanation(const Plan& plan, const Seen& seen) const {
  if (seen.hung || !seen.content_right) return "";
  const bool in_drain = (drain_began_ && *drain_began_ <= seen.sent) ||
                        std::any_of(drains_.begin(), drains_.end(),
                                    [&](const Span& span) { return span.from <= seen.sent && seen.sent <= *span.to; });
  if (in_drain && (seen.status == 0 || seen.not_connected)) return "sent after SIGTERM: not taken";
  if (seen.behind_an_end) return "pipelined behind an answer that ended the connection";
  const std::size_t faults = count_since(faults_, plan, seen);
  const std::size_t goaways = count_since(goaways_, plan, seen);
  if (faults > 0 && plan.tunnel) return "an endpoint was reset: a tunnel through it";
  // An HTTP/2 answer's head may not have left yet when its stream is reset.
  const bool cut = !seen.whole && (seen.status == 200 || seen.reset == http::Http2Error::internal_error);
  if (faults > 0 && cut) return "an endpoint was reset: its answer had begun";
  // gRPC's UNAVAILABLE, or the status of RFC 9209's connection_terminated and connection_refused.
  if (seen.status != 502 && seen.grpc_status != 14) return "";
  if (faults > 0 && !plan.idempotent()) return "an endpoint was reset: not to be sent twice";
  if (faults + goaways > 0 && !plan.held()) return "an endpoint failed: request no longer whole";
  // `retries` is 1 at the least.
  return faults + goaways > 1 ? "two endpoints failed, one after the other" : "";
}

void Ledger::record(const Plan& plan, const Seen& seen) {
  ++requests_;
  const std::string outcome = outcome_of(plan, seen);
  ++outcomes_[plan.kind][outcome];
  if (is_as_scripted(plan, seen) && !seen.hung) return;
  const std::string reason = explanation(plan, seen);
  if (!reason.empty()) {
    ++explained_[reason];
    return;
  }
  if (unexplained_.size() >= kMaxUnexplained) return;
  const auto age = std::chrono::duration_cast<std::chrono::milliseconds>(loop_.now() - seen.sent);
  unexplained_.push_back(fmt::format(
      "{} {} {} of {}, body of {}: {}; {} ms after it was sent, {} faults and {} GOAWAYs meanwhile{}", plan.kind,
      plan.method, path_of(plan.script), plan.service, plan.body.size(), outcome, age.count(),
      count_since(faults_, plan, seen), count_since(goaways_, plan, seen), drain_began_ ? ", sidecar draining" : ""));
}

std::uint64_t Ledger::outcomes(const std::string& kind, const std::string& outcome) const {
  const auto row = outcomes_.find(kind);
  if (row == outcomes_.end()) return 0;
  const auto found = row->second.find(outcome);
  return found == row->second.end() ? 0 : found->second;
}

std::uint64_t Ledger::explained() const {
  std::uint64_t sum = 0;
  for (const auto& [reason, count] : explained_) sum += count;
  return sum;
}

std::uint64_t Ledger::total(const std::string& kind) const {
  std::uint64_t sum = 0;
  const auto row = outcomes_.find(kind);
  if (row == outcomes_.end()) return sum;
  for (const auto& [outcome, count] : row->second) sum += count;
  return sum;
}

std::string Ledger::table() const {
  std::string text;
  for (const auto& [kind, row] : outcomes_) {
    for (const auto& [outcome, count] : row) text += fmt::format("{:<34} {:<36} {:>10}\n", kind, outcome, count);
  }
  text += fmt::format("explained failures: {}\n", explained());
  for (const auto& [reason, count] : explained_) text += fmt::format("  {:<56} {:>10}\n", reason, count);
  text += fmt::format("unexplained failures: {}\n", unexplained_.size());
  for (const std::string& one : unexplained_) text += fmt::format("  {}\n", one);
  return text;
}

}  // namespace outrigger::soak
