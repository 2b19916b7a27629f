#pragma once
#include <string>
#include <string_view>

#include "result/result.h"

namespace outrigger::identity {

/// Who a workload is: spiffe://TRUST-DOMAIN/ns/NAMESPACE/sa/SERVICE-ACCOUNT, within the limits of SPIFFE-ID section 2.
/// A value; any thread.
class SpiffeId {
 public:
  /// The error says what is allowed.
  static Result<SpiffeId> of(std::string trust_domain, std::string ns, std::string service_account);
  static Result<SpiffeId> parse(std::string_view text);

  const std::string& trust_domain() const { return trust_domain_; }
  const std::string& ns() const { return ns_; }
  const std::string& service_account() const { return service_account_; }
  std::string text() const;

  bool operator==(const SpiffeId&) const = default;

 private:
  SpiffeId(std::string trust_domain, std::string ns, std::string service_account);

  std::string trust_domain_;
  std::string ns_;
  std::string service_account_;
};

}  // namespace outrigger::identity
