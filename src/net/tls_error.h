#pragma once
#include <string>

namespace outrigger::net {

/// What OpenSSL's queue says last went wrong on this thread, for a person; empties the queue. `otherwise` when the
/// queue says nothing.
std::string take_tls_error(const std::string& otherwise);

}  // namespace outrigger::net
