#include "identity/issuer.h"

#include <algorithm>

#include "identity/openssl_handles.h"

namespace outrigger::identity {
namespace {

using std::chrono::seconds;

constexpr int kSerialBits = 127;
constexpr std::size_t kMaxDnsName = 253;

seconds backdating(seconds life) { return std::min<seconds>(kMaxBackdating, life / 10); }

std::time_t seconds_of(TimePoint time) { return std::chrono::duration_cast<seconds>(time.time_since_epoch()).count(); }

/// Version 3, random serial number, times, key and subject; neither issuer, extensions nor signature.
CertificateHandle begin_certificate(EVP_PKEY* key, const std::string& common_name, TimePoint from, TimePoint until) {
  CertificateHandle certificate(X509_new());
  CHECK(certificate && X509_set_version(certificate.get(), X509_VERSION_3) == 1);
  const NumberHandle serial(BN_new());
  do {
    CHECK(serial && BN_rand(serial.get(), kSerialBits, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1);
  } while (BN_is_zero(serial.get()));
  CHECK(BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate.get())) != nullptr);
  CHECK(ASN1_TIME_set(X509_getm_notBefore(certificate.get()), seconds_of(from)) != nullptr);
  CHECK(ASN1_TIME_set(X509_getm_notAfter(certificate.get()), seconds_of(until)) != nullptr);
  CHECK(X509_set_pubkey(certificate.get(), key) == 1);
  if (!common_name.empty()) {
    CHECK(X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                                     reinterpret_cast<const unsigned char*>(common_name.data()),
                                     static_cast<int>(common_name.size()), -1, 0) == 1);
  }
  return certificate;
}

void extend(X509* certificate, X509* issuer, int what, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const ExtensionHandle extension(X509V3_EXT_conf_nid(nullptr, &context, what, value));
  CHECK(extension && X509_add_ext(certificate, extension.get(), -1) == 1);
}

void add_text(GENERAL_NAMES& names, int type, const std::string& text) {
  ASN1_IA5STRING* const value = ASN1_IA5STRING_new();
  CHECK(value != nullptr && ASN1_STRING_set(value, text.data(), static_cast<int>(text.size())) == 1);
  GENERAL_NAME* const name = GENERAL_NAME_new();
  CHECK(name != nullptr);
  GENERAL_NAME_set0_value(name, type, value);
  CHECK(sk_GENERAL_NAME_push(&names, name) > 0);
}

Result<void> add_alternative_names(X509* certificate, const LeafProfile& profile) {
  const NamesHandle names(GENERAL_NAMES_new());
  CHECK(names);
  if (profile.spiffe_id) add_text(*names, GEN_URI, profile.spiffe_id->text());
  for (const std::string& dns_name : profile.dns_names) {
    if (!is_dns_name(dns_name)) return failure("'" + dns_name + "' is not allowed; allowed: a DNS name");
    add_text(*names, GEN_DNS, dns_name);
  }
  for (const std::string& address : profile.addresses) {
    ASN1_OCTET_STRING* const octets = a2i_IPADDRESS(address.c_str());
    ERR_clear_error();
    if (octets == nullptr) return failure("'" + address + "' is not allowed; allowed: an IP address");
    GENERAL_NAME* const name = GENERAL_NAME_new();
    CHECK(name != nullptr);
    GENERAL_NAME_set0_value(name, GEN_IPADD, octets);
    CHECK(sk_GENERAL_NAME_push(names.get(), name) > 0);
  }
  if (sk_GENERAL_NAME_num(names.get()) == 0) return {};
  const int critical = profile.common_name.empty() ? 1 : 0;
  CHECK(X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), critical, X509V3_ADD_DEFAULT) == 1);
  return {};
}

void add_usages(X509* certificate, const LeafProfile& profile) {
  extend(certificate, certificate, NID_basic_constraints, "critical,CA:FALSE");
  extend(certificate, certificate, NID_key_usage, "critical,digitalSignature");
  std::string usages = profile.for_clients ? "clientAuth" : "";
  if (profile.for_servers) usages += usages.empty() ? "serverAuth" : ",serverAuth";
  if (!usages.empty()) extend(certificate, certificate, NID_ext_key_usage, usages.c_str());
}

}  // namespace

bool is_dns_name(std::string_view text) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_' || c == '*';
  };
  return !text.empty() && text.size() <= kMaxDnsName && std::all_of(text.begin(), text.end(), allowed);
}

Issuer Issuer::make_root(const std::string& common_name, TimePoint now, seconds life) {
  CHECK(life >= seconds(10));
  PrivateKey key = PrivateKey::generate();
  CertificateHandle root = begin_certificate(key.get(), common_name, now - backdating(life), now + life);
  CHECK(X509_set_issuer_name(root.get(), X509_get_subject_name(root.get())) == 1);
  extend(root.get(), root.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
  extend(root.get(), root.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
  extend(root.get(), root.get(), NID_subject_key_identifier, "hash");
  extend(root.get(), root.get(), NID_authority_key_identifier, "keyid");
  CHECK(X509_sign(root.get(), key.get(), digest_for(key.get())) > 0);
  const std::shared_ptr<X509> shared(root.release(), X509_free);
  return {{Certificate(shared)}, std::move(key)};
}

Result<Issuer> Issuer::from_pem(std::string_view chain_pem, std::string_view key_pem) {
  auto chain = certificates_from_pem(chain_pem);
  if (!chain) return tl::unexpected(chain.error());
  auto key = PrivateKey::from_pem(key_pem);
  if (!key) return tl::unexpected(key.error());
  if (!chain->front().belongs_to(*key)) return failure("private key: does not belong to the certificate");
  if (!chain->front().is_authority()) {
    return failure("certificate: may not sign others; allowed: one with CA:TRUE and keyCertSign");
  }
  return Issuer(std::move(*chain), std::move(*key));
}

Result<Certificate> Issuer::issue(const PublicKey& key, const LeafProfile& profile, TimePoint now) const {
  if (now < certificate().not_before()) return failure("the issuer's certificate is not valid yet");
  if (certificate().expired(now)) return failure("the issuer's certificate has expired");
  const TimePoint until = std::min(now + profile.life, certificate().not_after());
  const auto life = std::chrono::duration_cast<seconds>(until - now);
  const TimePoint from = std::max(now - backdating(life), certificate().not_before());

  CertificateHandle leaf = begin_certificate(key.get(), profile.common_name, from, until);
  X509* const issuer = certificate().get();
  CHECK(X509_set_issuer_name(leaf.get(), X509_get_subject_name(issuer)) == 1);
  add_usages(leaf.get(), profile);
  extend(leaf.get(), issuer, NID_subject_key_identifier, "hash");
  extend(leaf.get(), issuer, NID_authority_key_identifier, "keyid");
  if (auto named = add_alternative_names(leaf.get(), profile); !named) return tl::unexpected(named.error());
  CHECK(X509_sign(leaf.get(), key_.get(), digest_for(key_.get())) > 0);
  return Certificate(std::shared_ptr<X509>(leaf.release(), X509_free));
}

std::vector<Certificate> Issuer::chain_of(const Certificate& leaf) const {
  std::vector<Certificate> chain{leaf};
  std::copy_if(chain_.begin(), chain_.end(), std::back_inserter(chain),
               [](const Certificate& certificate) { return !certificate.self_signed(); });
  return chain;
}

}  // namespace outrigger::identity
