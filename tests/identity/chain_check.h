#pragma once
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <string>
#include <vector>

#include "identity/trust_bundle.h"

namespace outrigger::identity {

/// What TLS would say of a peer that shows `chain` (its leaf first) to someone who trusts `bundle`: "ok" or why not.
inline std::string chain_check(const std::vector<Certificate>& chain, const TrustBundle& bundle, TimePoint now,
                               int purpose = X509_PURPOSE_SSL_CLIENT) {
  X509_STORE* const store = X509_STORE_new();
  for (const Certificate& root : bundle.roots()) X509_STORE_add_cert(store, root.get());
  STACK_OF(X509)* const untrusted = sk_X509_new_null();
  for (std::size_t i = 1; i < chain.size(); ++i) sk_X509_push(untrusted, chain[i].get());
  X509_STORE_CTX* const context = X509_STORE_CTX_new();
  CHECK(X509_STORE_CTX_init(context, store, chain.front().get(), untrusted) == 1);
  X509_STORE_CTX_set_purpose(context, purpose);
  X509_STORE_CTX_set_time(context, 0, std::chrono::system_clock::to_time_t(now));
  X509_STORE_CTX_set_flags(context, X509_V_FLAG_X509_STRICT);
  X509_verify_cert(context);
  std::string verdict = X509_verify_cert_error_string(X509_STORE_CTX_get_error(context));
  X509_STORE_CTX_free(context);
  sk_X509_free(untrusted);
  X509_STORE_free(store);
  return verdict;
}

}  // namespace outrigger::identity
