#pragma once
#include <cstdint>

#include "net/tls.h"

namespace outrigger::op {

/// notAfter of the certificate that `context` serves, in seconds since 1970. Any thread.
std::int64_t certificate_expiry(const net::SslContext& context);

}  // namespace outrigger::op
