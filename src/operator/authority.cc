#include "operator/authority.h"

#include <utility>

namespace outrigger::op {

Authority::Authority(const identity::RootState& state, AuthorityNames names, std::chrono::seconds leaf_life)
    : issuer_(state.issuer()), bundle_pem_(state.bundle().pem()), names_(std::move(names)), leaf_life_(leaf_life) {}

Result<Authority::Serving> Authority::issue_serving(identity::TimePoint now) const {
  auto id = identity::SpiffeId::of(names_.trust_domain, names_.ns, names_.service_account);
  if (!id) return tl::unexpected(id.error());
  const identity::PrivateKey key = identity::PrivateKey::generate();
  identity::LeafProfile profile{.spiffe_id = std::move(*id), .for_servers = true, .life = leaf_life_};
  profile.dns_names = names_.serving_names;
  const auto leaf = issuer_.issue(key.public_key(), profile, now);
  if (!leaf) return tl::unexpected(leaf.error());
  return Serving{{pem_of(issuer_.chain_of(*leaf)), key.pem(), bundle_pem_}, leaf->not_before(), leaf->not_after()};
}

Result<std::string> Authority::issue_client(const identity::PublicKey& key, const std::string& ns,
                                            const std::string& service_account, identity::TimePoint now) const {
  auto id = identity::SpiffeId::of(names_.trust_domain, ns, service_account);
  if (!id) return tl::unexpected(id.error());
  const identity::LeafProfile profile{.spiffe_id = std::move(*id), .for_clients = true, .life = leaf_life_};
  const auto leaf = issuer_.issue(key, profile, now);
  if (!leaf) return tl::unexpected(leaf.error());
  return pem_of(issuer_.chain_of(*leaf));
}

}  // namespace outrigger::op
