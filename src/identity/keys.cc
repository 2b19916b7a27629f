#include "identity/keys.h"

#include <openssl/ec.h>
#include <openssl/pem.h>

#include <array>

#include "identity/openssl_handles.h"

namespace outrigger::identity {
namespace {

constexpr std::size_t kMaxKeyBytes = std::size_t{64} * 1024;

bool is_p256(const EVP_PKEY* key) {
  std::array<char, 64> group{};
  return EVP_PKEY_is_a(key, "EC") == 1 && EVP_PKEY_get_group_name(key, group.data(), group.size(), nullptr) == 1 &&
         std::string_view(group.data()) == SN_X9_62_prime256v1;
}

}  // namespace

PrivateKey PrivateKey::generate() {
  std::shared_ptr<EVP_PKEY> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  CHECK(key);
  return PrivateKey(std::move(key));
}

Result<PrivateKey> PrivateKey::from_pem(std::string_view pem) {
  constexpr const char* kAllowed =
      "private key: not allowed; allowed: one in PEM, at most 64 KiB, without a passphrase";
  if (pem.size() > kMaxKeyBytes) return failure(kAllowed);
  std::shared_ptr<EVP_PKEY> key(PEM_read_bio_PrivateKey(reader_of(pem).get(), nullptr, no_passphrase, nullptr),
                                EVP_PKEY_free);
  ERR_clear_error();
  if (!key) return failure(kAllowed);
  return PrivateKey(std::move(key));
}

std::string PrivateKey::pem() const {
  return written([this](BIO* bio) {
    return PEM_write_bio_PKCS8PrivateKey(bio, key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
}

std::string make_signing_request(const PrivateKey& key) {
  const RequestHandle request(X509_REQ_new());
  CHECK(request && X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) == 1);
  CHECK(X509_REQ_set_pubkey(request.get(), key.get()) == 1);
  CHECK(X509_REQ_sign(request.get(), key.get(), digest_for(key.get())) > 0);
  return written([&request](BIO* bio) { return PEM_write_bio_X509_REQ(bio, request.get()); });
}

Result<PublicKey> read_signing_request(std::string_view pem) {
  if (pem.size() > kMaxSigningRequestBytes) return failure("signing request: larger than allowed; allowed: 16 KiB");
  const RequestHandle request(PEM_read_bio_X509_REQ(reader_of(pem).get(), nullptr, no_passphrase, nullptr));
  ERR_clear_error();
  if (!request) return failure("signing request: cannot be read; allowed: PKCS#10 in PEM");
  std::shared_ptr<EVP_PKEY> key(X509_REQ_get_pubkey(request.get()), EVP_PKEY_free);
  // Before its signature is looked at: verifying with a key of another's choice could take long.
  if (!key || !is_p256(key.get())) {
    ERR_clear_error();
    return failure("signing request: its key is not allowed; allowed: ECDSA on P-256");
  }
  const bool proved = X509_REQ_verify(request.get(), key.get()) == 1;
  ERR_clear_error();
  if (!proved) return failure("signing request: its signature is not by its key");
  return PublicKey(std::move(key));
}

}  // namespace outrigger::identity
