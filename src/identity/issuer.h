#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "identity/certificate.h"

namespace outrigger::identity {

/// How far notBefore lies before the making, for clocks that are behind; a tenth of the life where that is less.
inline constexpr std::chrono::minutes kMaxBackdating{5};
inline constexpr std::chrono::hours kRootLife{10 * 365 * 24};

/// Labels of letters, digits, '-' and '_', perhaps a wildcard; at most 253 bytes.
bool is_dns_name(std::string_view text);

/// What a leaf certificate is to say.
struct LeafProfile {
  std::string common_name{};  ///< empty: no subject; the alternative names are then critical (RFC 5280 section 4.2.1.6)
  std::optional<SpiffeId> spiffe_id{};
  std::vector<std::string> dns_names{};
  std::vector<std::string> addresses{};  ///< numeric
  bool for_clients = false;              ///< extended key usage clientAuth
  bool for_servers = false;              ///< serverAuth
  std::chrono::seconds life = std::chrono::hours(24);
};

/// A certificate that signs others, with its key. A value; any thread.
class Issuer {
 public:
  /// A new self-signed root that signs leaves alone (path length 0). Requires a `life` of ten seconds at least.
  static Issuer make_root(const std::string& common_name, TimePoint now, std::chrono::seconds life = kRootLife);
  /// `chain_pem`: the signing certificate, then those that lead to its root. The error says what is allowed.
  static Result<Issuer> from_pem(std::string_view chain_pem, std::string_view key_pem);

  const Certificate& certificate() const { return chain_.front(); }
  const std::vector<Certificate>& chain() const { return chain_; }
  const PrivateKey& key() const { return key_; }

  /// A leaf certificate from `now` on, never beyond this issuer's own end, with a random serial number of 127 bits. An
  /// error: this issuer is not valid at `now`, or a name is none.
  Result<Certificate> issue(const PublicKey& key, const LeafProfile& profile, TimePoint now) const;
  /// `leaf` and what a peer needs that knows the root alone, for TLS.
  std::vector<Certificate> chain_of(const Certificate& leaf) const;

 private:
  Issuer(std::vector<Certificate> chain, PrivateKey key) : chain_(std::move(chain)), key_(std::move(key)) {}

  std::vector<Certificate> chain_;
  PrivateKey key_;
};

}  // namespace outrigger::identity
