#pragma once
/// A health check over HTTP/2 with prior knowledge: GET, or gRPC's Health/Check.
#include <memory>

#include "check/check_dialog.h"

namespace outrigger::check {

/// Requires http or grpc. The question outlives the dialog.
std::unique_ptr<CheckDialog> make_http2_check(const CheckQuestion& question);

/// 200 to 399 is well.
CheckOutcome judge_status(std::uint16_t status);
/// More than kMaxBytes have come, and no answer.
CheckOutcome too_much();

}  // namespace outrigger::check
