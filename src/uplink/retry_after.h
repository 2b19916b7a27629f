#pragma once
#include <algorithm>
#include <chrono>

#include "http/message.h"
#include "model/value_text.h"

namespace outrigger::uplink {

/// What an answer of the operator's asks to wait (RFC 9110 section 10.2.3, in seconds), a minute at most; 0: nothing.
inline std::chrono::seconds retry_after(const http::ResponseHead& head) {
  const http::Field* const field = http::find_field(head.fields, "retry-after");
  if (field == nullptr) return std::chrono::seconds(0);
  const auto seconds = model::parse_number(field->value, 0, UINT32_MAX);
  return std::chrono::seconds(seconds ? std::min<std::uint32_t>(*seconds, 60) : 0);
}

}  // namespace outrigger::uplink
