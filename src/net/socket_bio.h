#pragma once
#include <openssl/bio.h>

namespace outrigger::net {

/// OpenSSL's door to a non-blocking socket. Unlike OpenSSL's own it never raises SIGPIPE, whatever the program does
/// about that signal. Does not own `fd`. Never null.
BIO* make_socket_bio(int fd);

}  // namespace outrigger::net
