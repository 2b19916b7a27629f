#include "identity/trust_bundle.h"

#include <algorithm>

namespace outrigger::identity {

Result<TrustBundle> TrustBundle::from_pem(std::string_view pem) {
  const auto certificates = certificates_from_pem(pem);
  if (!certificates) return tl::unexpected(certificates.error());
  TrustBundle bundle;
  for (const Certificate& certificate : *certificates) bundle.add(certificate);
  return bundle;
}

void TrustBundle::add(const Certificate& root) {
  if (!contains(root)) roots_.push_back(root);
}

void TrustBundle::add(const TrustBundle& other) {
  for (const Certificate& root : other.roots_) add(root);
}

bool TrustBundle::drop_expired(TimePoint now) {
  return std::erase_if(roots_, [now](const Certificate& root) { return root.expired(now); }) > 0;
}

bool TrustBundle::contains(const Certificate& root) const {
  return std::find(roots_.begin(), roots_.end(), root) != roots_.end();
}

}  // namespace outrigger::identity
