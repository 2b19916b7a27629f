#pragma once
#include <cstdint>
#include <string_view>

#include "result/result.h"

namespace outrigger::inject {

/// A Kubernetes quantity ("250m", "0.5", "2", "64Mi", "1G") in thousandths, rounded up; the forms with an exponent are
/// not read. The error is "'VALUE' is not allowed; allowed: ...". Any thread.
Result<std::int64_t> parse_cpu(std::string_view text);     ///< 1m to 256
Result<std::int64_t> parse_memory(std::string_view text);  ///< bytes, not thousandths; 16Mi to 1Ti

}  // namespace outrigger::inject
