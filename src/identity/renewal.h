#pragma once
#include <cstdint>

#include "identity/certificate.h"

namespace outrigger::identity {

/// When a certificate is renewed: at two thirds of its life, give or take a tenth of it by `random` (any number), so
/// that those who got theirs together do not come back together. Any thread.
TimePoint renewal_time(TimePoint not_before, TimePoint not_after, std::uint64_t random);

}  // namespace outrigger::identity
