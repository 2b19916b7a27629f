#pragma once
#include <openssl/types.h>

#include <memory>
#include <string>

#include "kube/config.h"
#include "result/result.h"

namespace outrigger::kube {

/// How a connection to the API server is secured; outlives the SSL_CTX it was applied to. One owner.
///
/// TLS 1.2 at least. The certificate must chain to `config.ca_pem` (to any certificate in it, as client-go has it; the
/// system's when empty) and name the host in its subjectAltName, as DNS name or IP address (RFC 9525, without the
/// common name).
class TlsContext {
 public:
  /// `host`: without brackets.
  TlsContext(const Config& config, const std::string& host);

  /// The error names which of certificate authority, client certificate and client key is wrong.
  Result<void> apply(SSL_CTX* context);

  /// Why the last server certificate was refused; empty: it was not.
  std::string take_refusal();

 private:
  static int on_verify(int verified, X509_STORE_CTX* store);
  static void on_handshake(const SSL* ssl, int where, int result);

  const Config& config_;
  std::string name_;
  bool name_is_ip_;
  std::string refusal_;
};

/// Whether `config`'s certificates and key can be used at all; the error is one a person can act on.
Result<void> check_certificates(const Config& config);

}  // namespace outrigger::kube
