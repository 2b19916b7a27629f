#include "net/tls_error.h"

#include <openssl/err.h>

namespace outrigger::net {

std::string take_tls_error(const std::string& otherwise) {
  const unsigned long error = ERR_peek_last_error();
  const char* reason = error == 0 ? nullptr : ERR_reason_error_string(error);
  ERR_clear_error();
  return reason == nullptr ? otherwise : reason;
}

}  // namespace outrigger::net
