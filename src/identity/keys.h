#pragma once
/// Keys. Values that share what they hold, which never changes; any thread.
#include <openssl/types.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "result/result.h"

namespace outrigger::identity {

class PublicKey {
 public:
  /// Takes over a key that is not null.
  explicit PublicKey(std::shared_ptr<EVP_PKEY> key) : key_(std::move(key)) { CHECK(key_); }
  EVP_PKEY* get() const { return key_.get(); }

 private:
  std::shared_ptr<EVP_PKEY> key_;
};

class PrivateKey {
 public:
  /// On P-256, from OpenSSL's random generator.
  static PrivateKey generate();
  /// Any algorithm that OpenSSL signs certificates with, without a passphrase. The error shows nothing of the text.
  static Result<PrivateKey> from_pem(std::string_view pem);

  std::string pem() const;  ///< PKCS#8, not encrypted: a secret
  PublicKey public_key() const { return PublicKey(key_); }
  EVP_PKEY* get() const { return key_.get(); }

 private:
  explicit PrivateKey(std::shared_ptr<EVP_PKEY> key) : key_(std::move(key)) {}
  std::shared_ptr<EVP_PKEY> key_;
};

/// The most of a certificate signing request that is read.
inline constexpr std::size_t kMaxSigningRequestBytes = std::size_t{16} * 1024;

/// A certificate signing request (PKCS#10, PEM) without names: whoever signs decides those.
std::string make_signing_request(const PrivateKey& key);
/// The key of a request whose signature proves that the asker has its private half. Names and extensions are not looked
/// at. The error says what is allowed: a P-256 key, at most kMaxSigningRequestBytes.
Result<PublicKey> read_signing_request(std::string_view pem);

}  // namespace outrigger::identity
