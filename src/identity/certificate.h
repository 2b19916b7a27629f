#pragma once
#include <openssl/types.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "identity/keys.h"
#include "identity/spiffe_id.h"
#include "result/result.h"

namespace outrigger::identity {

using TimePoint = std::chrono::system_clock::time_point;

/// Of seconds since 1970; a TimePoint ends in 2262, certificates may go on: the nearest there is.
TimePoint time_from_seconds(std::int64_t seconds);

/// An X.509 certificate and what it says. A value that shares what it holds, which never changes; any thread.
class Certificate {
 public:
  /// Takes over a certificate that is not null.
  explicit Certificate(std::shared_ptr<X509> certificate) : certificate_(std::move(certificate)) {
    CHECK(certificate_);
  }
  /// The first certificate of `pem`.
  static Result<Certificate> from_pem(std::string_view pem);

  std::string pem() const;
  TimePoint not_before() const;
  TimePoint not_after() const;  ///< the last second it is valid
  bool expired(TimePoint now) const { return now > not_after(); }
  /// Of its only URI, as X509-SVID section 2 wants it; none where there is none, several, or one of another form.
  std::optional<SpiffeId> spiffe_id() const;
  /// It may sign others (basic constraints, key usage).
  bool is_authority() const;
  /// `issuer` may have signed it, and has. Whether either is valid now is not asked.
  bool signed_by(const Certificate& issuer) const;
  bool self_signed() const { return signed_by(*this); }
  bool belongs_to(const PrivateKey& key) const;
  X509* get() const { return certificate_.get(); }

  bool operator==(const Certificate& other) const;

 private:
  std::shared_ptr<X509> certificate_;
};

/// Bounds of what is read as certificates.
inline constexpr std::size_t kMaxPemBytes = std::size_t{256} * 1024;
inline constexpr std::size_t kMaxCertificates = 64;

/// One certificate or more, in order. The error says what is allowed.
Result<std::vector<Certificate>> certificates_from_pem(std::string_view pem);
/// One after the other.
std::string pem_of(const std::vector<Certificate>& certificates);

}  // namespace outrigger::identity
