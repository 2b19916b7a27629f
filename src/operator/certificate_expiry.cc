#include "operator/certificate_expiry.h"

#include <openssl/x509.h>

#include <ctime>

#include "result/result.h"

namespace outrigger::op {

std::int64_t certificate_expiry(const net::SslContext& context) {
  const X509* certificate = SSL_CTX_get0_certificate(context.get());
  CHECK(certificate != nullptr);
  std::tm time{};
  CHECK(ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &time) == 1);
  return ::timegm(&time);
}

}  // namespace outrigger::op
