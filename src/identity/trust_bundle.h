#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "identity/certificate.h"

namespace outrigger::identity {

/// Roots that peers' certificates may chain to, each once, in the order they came. A value; one owner at a time.
class TrustBundle {
 public:
  TrustBundle() = default;
  /// Bounds as of certificates_from_pem().
  static Result<TrustBundle> from_pem(std::string_view pem);

  void add(const Certificate& root);
  void add(const TrustBundle& other);
  /// False when there was none to drop.
  bool drop_expired(TimePoint now);

  bool contains(const Certificate& root) const;
  const std::vector<Certificate>& roots() const { return roots_; }
  std::string pem() const { return pem_of(roots_); }

  bool operator==(const TrustBundle&) const = default;

 private:
  std::vector<Certificate> roots_;
};

}  // namespace outrigger::identity
