#include "identity/certificate.h"

#include <openssl/pem.h>

#include <algorithm>
#include <ctime>

#include "identity/openssl_handles.h"

namespace outrigger::identity {
namespace {

TimePoint time_of(const ASN1_TIME* time) {
  std::tm parts{};
  CHECK(ASN1_TIME_to_tm(time, &parts) == 1);
  return time_from_seconds(::timegm(&parts));
}

/// Its times can be read, so that asking for them cannot fail later.
bool has_times(const X509* certificate) {
  std::tm parts{};
  return ASN1_TIME_to_tm(X509_get0_notBefore(certificate), &parts) == 1 &&
         ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &parts) == 1;
}

}  // namespace

TimePoint time_from_seconds(std::int64_t seconds) {
  using std::chrono::duration_cast;
  const auto latest = duration_cast<std::chrono::seconds>(TimePoint::max().time_since_epoch()).count();
  return TimePoint(std::chrono::seconds(std::clamp<std::int64_t>(seconds, -latest, latest)));
}

Result<Certificate> Certificate::from_pem(std::string_view pem) {
  auto all = certificates_from_pem(pem);
  if (!all) return tl::unexpected(all.error());
  return std::move(all->front());
}

std::string Certificate::pem() const {
  return written([this](BIO* bio) { return PEM_write_bio_X509(bio, certificate_.get()); });
}

TimePoint Certificate::not_before() const { return time_of(X509_get0_notBefore(certificate_.get())); }
TimePoint Certificate::not_after() const { return time_of(X509_get0_notAfter(certificate_.get())); }

std::optional<SpiffeId> Certificate::spiffe_id() const {
  const NamesHandle names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate_.get(), NID_subject_alt_name, nullptr, nullptr)));
  std::optional<std::string> uri;
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_URI) continue;
    if (uri) return std::nullopt;
    const ASN1_IA5STRING* const text = name->d.uniformResourceIdentifier;
    uri.emplace(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                static_cast<std::size_t>(ASN1_STRING_length(text)));
  }
  if (!uri) return std::nullopt;
  auto id = SpiffeId::parse(*uri);
  return id ? std::optional(std::move(*id)) : std::nullopt;
}

bool Certificate::is_authority() const {
  return X509_check_ca(certificate_.get()) == 1 && (X509_get_key_usage(certificate_.get()) & KU_KEY_CERT_SIGN) != 0;
}

bool Certificate::signed_by(const Certificate& issuer) const {
  const bool is =
      X509_check_issued(issuer.get(), get()) == X509_V_OK && X509_verify(get(), X509_get0_pubkey(issuer.get())) == 1;
  ERR_clear_error();
  return is;
}

bool Certificate::belongs_to(const PrivateKey& key) const {
  const bool does = X509_check_private_key(certificate_.get(), key.get()) == 1;
  ERR_clear_error();
  return does;
}

bool Certificate::operator==(const Certificate& other) const { return X509_cmp(get(), other.get()) == 0; }

Result<std::vector<Certificate>> certificates_from_pem(std::string_view pem) {
  constexpr const char* kAllowed = "certificates: not allowed; allowed: 1 to 64 in PEM, at most 256 KiB";
  if (pem.size() > kMaxPemBytes) return failure(kAllowed);
  ERR_clear_error();
  const BioHandle bio = reader_of(pem);
  std::vector<Certificate> certificates;
  while (certificates.size() <= kMaxCertificates) {
    std::shared_ptr<X509> certificate(PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr), X509_free);
    if (!certificate) break;
    if (!has_times(certificate.get())) return failure(kAllowed);
    certificates.emplace_back(std::move(certificate));
  }
  const unsigned long problem = ERR_peek_last_error();
  const bool at_end = ERR_GET_LIB(problem) == ERR_LIB_PEM && ERR_GET_REASON(problem) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (certificates.empty() || !at_end) return failure(kAllowed);
  return certificates;
}

std::string pem_of(const std::vector<Certificate>& certificates) {
  std::string text;
  for (const Certificate& certificate : certificates) text += certificate.pem();
  return text;
}

}  // namespace outrigger::identity
