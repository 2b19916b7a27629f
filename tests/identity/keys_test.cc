#include "identity/keys.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "identity/openssl_handles.h"

namespace outrigger::identity {
namespace {

std::string request_by(EVP_PKEY* named, EVP_PKEY* signing) {
  const RequestHandle request(X509_REQ_new());
  X509_REQ_set_pubkey(request.get(), named);
  CHECK(X509_REQ_sign(request.get(), signing, digest_for(signing)) > 0);
  return written([&](BIO* bio) { return PEM_write_bio_X509_REQ(bio, request.get()); });
}

TEST(PrivateKey, IsReadAndWrittenTheSame) {
  const PrivateKey key = PrivateKey::generate();
  const std::string pem = key.pem();
  EXPECT_TRUE(pem.starts_with("-----BEGIN PRIVATE KEY-----\n"));
  const auto again = PrivateKey::from_pem(pem);
  ASSERT_TRUE(again);
  EXPECT_EQ(EVP_PKEY_eq(again->get(), key.get()), 1);
  EXPECT_EQ(again->pem(), pem);
  EXPECT_NE(EVP_PKEY_eq(PrivateKey::generate().get(), key.get()), 1);
}

TEST(PrivateKey, RefusesOtherTextsWithoutShowingThem) {
  for (const std::string& text :
       {std::string(), std::string("secret"), PrivateKey::generate().pem().substr(30), std::string(65'537, 's')}) {
    const auto key = PrivateKey::from_pem(text);
    ASSERT_FALSE(key);
    EXPECT_EQ(key.error().text.find("secret"), std::string::npos);
  }
}

TEST(SigningRequest, GivesTheKeyThatMadeIt) {
  const PrivateKey key = PrivateKey::generate();
  const auto asked = read_signing_request(make_signing_request(key));
  ASSERT_TRUE(asked) << asked.error().text;
  EXPECT_EQ(EVP_PKEY_eq(asked->get(), key.get()), 1);
}

TEST(SigningRequest, IsRefusedWithoutProofOfPossession) {
  const PrivateKey victim = PrivateKey::generate();
  const PrivateKey thief = PrivateKey::generate();
  const auto asked = read_signing_request(request_by(victim.get(), thief.get()));
  ASSERT_FALSE(asked);
  EXPECT_EQ(asked.error().text, "signing request: its signature is not by its key");
}

TEST(SigningRequest, IsRefusedWithAnotherKindOfKey) {
  for (const char* group : {"P-384", "secp256k1"}) {
    const KeyHandle key(EVP_EC_gen(group));
    const auto asked = read_signing_request(request_by(key.get(), key.get()));
    ASSERT_FALSE(asked) << group;
    EXPECT_NE(asked.error().text.find("allowed: ECDSA on P-256"), std::string::npos) << asked.error().text;
  }
  const KeyHandle edwards(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  EXPECT_FALSE(read_signing_request(request_by(edwards.get(), edwards.get())));
}

TEST(SigningRequest, IsRefusedWhenItIsNoneOrTooLarge) {
  EXPECT_FALSE(read_signing_request(""));
  EXPECT_FALSE(read_signing_request("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n"));
  const std::string good = make_signing_request(PrivateKey::generate());
  const std::string at_limit = good + std::string(kMaxSigningRequestBytes - good.size(), '\n');
  EXPECT_TRUE(read_signing_request(at_limit));
  const auto beyond = read_signing_request(at_limit + "\n");
  ASSERT_FALSE(beyond);
  EXPECT_NE(beyond.error().text.find("16 KiB"), std::string::npos);
}

}  // namespace
}  // namespace outrigger::identity
