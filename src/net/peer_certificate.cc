#include "net/peer_certificate.h"

#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>

namespace outrigger::net {
namespace {

struct FreeNames {
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};

std::vector<std::string> read_uris(const X509* certificate) {
  const std::unique_ptr<GENERAL_NAMES, FreeNames> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  std::vector<std::string> uris;
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_URI) continue;
    const ASN1_IA5STRING* const uri = name->d.uniformResourceIdentifier;
    uris.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(uri)),
                      static_cast<std::size_t>(ASN1_STRING_length(uri)));
  }
  return uris;
}

}  // namespace

PeerCertificate read_peer_certificate(const X509* certificate) {
  using TimePoint = std::chrono::system_clock::time_point;
  std::tm parts{};
  // It was verified, so its times can be read.
  CHECK(ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &parts) == 1);
  const auto latest = std::chrono::duration_cast<std::chrono::seconds>(TimePoint::max().time_since_epoch());
  return {read_uris(certificate), TimePoint(std::min(std::chrono::seconds(::timegm(&parts)), latest))};
}

}  // namespace outrigger::net
