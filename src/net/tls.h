#pragma once
/// TLS 1.2 and later with OpenSSL. A context is immutable once made and may be shared by all threads.
#include <openssl/ssl.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "result/result.h"

namespace outrigger::net {

using SslContext = std::shared_ptr<SSL_CTX>;

struct TlsFiles {
  std::string certificate;  ///< PEM chain
  std::string key;          ///< PEM
  std::string peer_ca;      ///< PEM bundle the other side's certificate must chain to
};

/// The same as TlsFiles names, itself.
struct TlsPem {
  std::string certificate{};
  std::string key{};
  std::string peer_ca{};
};

/// Whether a client has to show a certificate. One that is shown is verified either way.
enum class ClientCertificate : std::uint8_t { required, optional };

/// Demand and verify the peer's certificate. The error names the file and what is wrong with it.
Result<SslContext> server_context(const TlsFiles& files, ClientCertificate client = ClientCertificate::required);
Result<SslContext> client_context(const TlsFiles& files);
/// A client's `certificate` and `key` may both be empty: it shows none.
Result<SslContext> server_context_from_pem(const TlsPem& pem, ClientCertificate client = ClientCertificate::required);
Result<SslContext> client_context_from_pem(const TlsPem& pem);

/// What a verified certificate of the other side says.
struct PeerCertificate {
  std::vector<std::string> uris;  ///< of its alternative names
  std::chrono::system_clock::time_point not_after;
};
}  // namespace outrigger::net
