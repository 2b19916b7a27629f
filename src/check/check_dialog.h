#pragma once
/// What a health check and an endpoint say to each other on one connection: bytes in, bytes out, no I/O. One owner.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "model/endpoint_set.h"

namespace outrigger::check {

/// What a check has found. unknown: it could not be made as it should, which says nothing of the endpoint.
struct CheckOutcome {
  enum class Verdict : std::uint8_t { well, unwell, unknown };
  Verdict verdict = Verdict::well;
  std::string reason = {};  ///< for a person; empty when well

  static CheckOutcome unwell(std::string reason) { return {Verdict::unwell, std::move(reason)}; }
  static CheckOutcome unknown(std::string reason) { return {Verdict::unknown, std::move(reason)}; }
};

/// What a service's endpoints are asked.
struct CheckQuestion {
  model::HealthCheck check;
  std::string authority;  ///< whom an HTTP request is for
  bool http2 = false;     ///< http: over HTTP/2 with prior knowledge
  std::chrono::milliseconds timeout{1'000};
  bool operator==(const CheckQuestion&) const = default;
};
/// http: is asked in HTTP/1.1, unless the service's protocol is http2 or grpc. The authority is the Service's name in
/// DNS, "web.shop", with its port unless that is 80.
CheckQuestion check_question(const model::EndpointSet& set);

/// "outrigger-health-check/VERSION"
inline constexpr std::string_view kCheckUserAgent = "outrigger-health-check/" OUTRIGGER_VERSION;

class CheckDialog {
 public:
  /// Of an answer: who says more without having answered is unwell.
  static constexpr std::size_t kMaxBytes = 16 * 1024;

  virtual ~CheckDialog() = default;

  /// The connection is there. An outcome, or what goes out first is appended to `out`.
  virtual std::optional<CheckOutcome> begin(std::string& out) = 0;
  /// The same for bytes that have come. Not called again once there was an outcome.
  virtual std::optional<CheckOutcome> take(std::string_view bytes, std::string& out) = 0;
};

/// Requires a kind other than off. The question outlives the dialog.
std::unique_ptr<CheckDialog> make_check_dialog(const CheckQuestion& question);

}  // namespace outrigger::check
