#include "fakes/certificates.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include <fstream>

#include "result/result.h"

namespace outrigger::fakes {
namespace {

struct Free {
  void operator()(X509* owned) const { X509_free(owned); }
  void operator()(EVP_PKEY* owned) const { EVP_PKEY_free(owned); }
  void operator()(BIO* owned) const { BIO_free_all(owned); }
  void operator()(X509_EXTENSION* owned) const { X509_EXTENSION_free(owned); }
};
using Certificate = std::unique_ptr<X509, Free>;
using Key = std::unique_ptr<EVP_PKEY, Free>;
using Bio = std::unique_ptr<BIO, Free>;
using Extension = std::unique_ptr<X509_EXTENSION, Free>;

template <class Write>
std::string pem(Write write) {
  const Bio bio(BIO_new(BIO_s_mem()));
  CHECK(bio && write(bio.get()) == 1);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

std::string certificate_pem(X509* certificate) {
  return pem([certificate](BIO* bio) { return PEM_write_bio_X509(bio, certificate); });
}

std::string key_pem(EVP_PKEY* key) {
  return pem([key](BIO* bio) { return PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr); });
}

Certificate unsigned_certificate(const std::string& common_name, EVP_PKEY* key, std::chrono::seconds valid_from,
                                 std::chrono::seconds valid_until) {
  Certificate certificate(X509_new());
  CHECK(certificate);
  CHECK(X509_set_version(certificate.get(), X509_VERSION_3) == 1);
  std::uint32_t serial = 0;
  CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof(serial)) == 1);
  CHECK(ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), static_cast<long>(serial) + 1) == 1);
  CHECK(X509_gmtime_adj(X509_getm_notBefore(certificate.get()), valid_from.count()) != nullptr);
  CHECK(X509_gmtime_adj(X509_getm_notAfter(certificate.get()), valid_until.count()) != nullptr);
  CHECK(X509_set_pubkey(certificate.get(), key) == 1);
  CHECK(X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                                   reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1, 0) == 1);
  return certificate;
}

void extend(X509* certificate, X509* issuer, int what, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str()));
  CHECK(extension && X509_add_ext(certificate, extension.get(), -1) == 1);
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "outrigger-test-XXXXXX").string();
  CHECK(::mkdtemp(pattern.data()) != nullptr);
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TemporaryFolder::write(const std::string& name, const std::string& text) const {
  const std::filesystem::path file = path_ / name;
  std::ofstream(file, std::ios::binary) << text;
  return file.string();
}

struct CertificateAuthority::Keys {
  Key key;
  Certificate certificate;
  std::string certificate_text;
};

CertificateAuthority::CertificateAuthority(const std::string& common_name) : keys_(std::make_unique<Keys>()) {
  keys_->key.reset(EVP_EC_gen("P-256"));
  CHECK(keys_->key);
  keys_->certificate =
      unsigned_certificate(common_name, keys_->key.get(), std::chrono::hours(-1), std::chrono::hours(24));
  X509* const root = keys_->certificate.get();
  CHECK(X509_set_issuer_name(root, X509_get_subject_name(root)) == 1);
  extend(root, root, NID_basic_constraints, "critical,CA:TRUE");
  extend(root, root, NID_key_usage, "critical,keyCertSign,cRLSign");
  extend(root, root, NID_subject_key_identifier, "hash");
  CHECK(X509_sign(root, keys_->key.get(), EVP_sha256()) > 0);
  keys_->certificate_text = certificate_pem(root);
}

CertificateAuthority::~CertificateAuthority() = default;

const std::string& CertificateAuthority::certificate() const { return keys_->certificate_text; }

Identity CertificateAuthority::issue(const LeafOptions& options) const {
  const Key key(EVP_EC_gen("P-256"));
  CHECK(key);
  const Certificate leaf =
      unsigned_certificate(options.common_name, key.get(), options.valid_from, options.valid_until);
  X509* const root = keys_->certificate.get();
  CHECK(X509_set_issuer_name(leaf.get(), X509_get_subject_name(root)) == 1);
  extend(leaf.get(), root, NID_basic_constraints, "critical,CA:FALSE");
  extend(leaf.get(), root, NID_ext_key_usage, "serverAuth,clientAuth");
  extend(leaf.get(), root, NID_authority_key_identifier, "keyid");
  std::string names;
  for (const std::string& name : options.alternative_names) names += (names.empty() ? "" : ",") + name;
  if (!names.empty()) extend(leaf.get(), root, NID_subject_alt_name, names);
  CHECK(X509_sign(leaf.get(), keys_->key.get(), EVP_sha256()) > 0);
  return {certificate_pem(leaf.get()), key_pem(key.get())};
}

}  // namespace outrigger::fakes
