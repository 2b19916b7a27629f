#pragma once
#include <chrono>
#include <string>
#include <vector>

#include "identity/root_state.h"
#include "net/tls.h"

namespace outrigger::op {

/// What certificates of this operator say.
struct AuthorityNames {
  std::string trust_domain = "cluster.local";
  /// The operator's own SPIFFE ID.
  std::string ns = "outrigger-system";
  std::string service_account = "outrigger-operator";
  std::vector<std::string> serving_names;  ///< DNS names by which sidecars and the API server dial it
};

/// Issues certificates by the root that signs now. Immutable; any thread.
class Authority {
 public:
  /// `leaf_life`: of every certificate issued. Requires names that SpiffeId::of() takes.
  Authority(const identity::RootState& state, AuthorityNames names, std::chrono::seconds leaf_life);

  struct Serving {
    net::TlsPem pem;  ///< with the bundle as what clients' certificates must chain to
    identity::TimePoint not_before;
    identity::TimePoint not_after;
  };
  /// A certificate for the operator's own server, with a new key.
  Result<Serving> issue_serving(identity::TimePoint now) const;

  /// A client's certificate for a sidecar of that ServiceAccount: the PEM chain.
  Result<std::string> issue_client(const identity::PublicKey& key, const std::string& ns,
                                   const std::string& service_account, identity::TimePoint now) const;

  const std::string& bundle_pem() const { return bundle_pem_; }
  identity::TimePoint root_end() const { return issuer_.certificate().not_after(); }

 private:
  identity::Issuer issuer_;
  std::string bundle_pem_;
  AuthorityNames names_;
  std::chrono::seconds leaf_life_;
};

}  // namespace outrigger::op
