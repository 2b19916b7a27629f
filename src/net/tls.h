#pragma once
/// TLS 1.2 and later with OpenSSL. A context is immutable once made and may be shared by all threads.
#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "result/result.h"

namespace outrigger::net {

using SslContext = std::shared_ptr<SSL_CTX>;

struct TlsFiles {
  std::string certificate;  ///< PEM chain
  std::string key;          ///< PEM
  std::string peer_ca;      ///< PEM bundle the other side's certificate must chain to
};

/// Both demand and verify the peer's certificate. The error names the file and what is wrong with it.
Result<SslContext> server_context(const TlsFiles& files);
Result<SslContext> client_context(const TlsFiles& files);

}  // namespace outrigger::net
