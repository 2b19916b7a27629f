#include "identity/spiffe_id.h"

#include <algorithm>
#include <utility>

namespace outrigger::identity {
namespace {

constexpr std::size_t kMaxTrustDomain = 255;
constexpr std::size_t kMaxId = 2'048;
constexpr std::string_view kScheme = "spiffe://";
constexpr std::string_view kNamespace = "/ns/";
constexpr std::string_view kServiceAccount = "/sa/";

bool is_lower_or_mark(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}
bool is_letter_or_mark(char c) { return is_lower_or_mark(c) || (c >= 'A' && c <= 'Z'); }

bool is_trust_domain(std::string_view text) {
  return !text.empty() && text.size() <= kMaxTrustDomain && std::all_of(text.begin(), text.end(), is_lower_or_mark);
}
bool is_segment(std::string_view text) {
  return !text.empty() && text != "." && text != ".." && std::all_of(text.begin(), text.end(), is_letter_or_mark);
}

/// A peer may send anything: no more of it than this is shown.
std::string shown(std::string_view text) { return "\"" + std::string(text.substr(0, 100)) + "\""; }

tl::unexpected<Error> refuse(std::string_view text) {
  return failure("SPIFFE ID " + shown(text) +
                 " is not allowed; allowed: spiffe://TRUST-DOMAIN/ns/NAMESPACE/sa/SERVICE-ACCOUNT");
}

}  // namespace

SpiffeId::SpiffeId(std::string trust_domain, std::string ns, std::string service_account)
    : trust_domain_(std::move(trust_domain)), ns_(std::move(ns)), service_account_(std::move(service_account)) {}

Result<SpiffeId> SpiffeId::of(std::string trust_domain, std::string ns, std::string service_account) {
  if (!is_trust_domain(trust_domain)) {
    return failure("trust domain " + shown(trust_domain) + " is not allowed; allowed: 1 to 255 of a-z 0-9 . - _");
  }
  for (const std::string* const segment : {&ns, &service_account}) {
    if (is_segment(*segment)) continue;
    return failure(std::string(segment == &ns ? "namespace " : "service account ") + shown(*segment) +
                   " is not allowed in a SPIFFE ID; allowed: a-z A-Z 0-9 . - _, not . or ..");
  }
  SpiffeId id(std::move(trust_domain), std::move(ns), std::move(service_account));
  if (id.text().size() > kMaxId) return failure("SPIFFE ID: longer than is allowed; allowed: 2048 bytes");
  return id;
}

Result<SpiffeId> SpiffeId::parse(std::string_view text) {
  if (!text.starts_with(kScheme)) return refuse(text);
  const std::string_view rest = text.substr(kScheme.size());
  const std::size_t path = std::min(rest.find('/'), rest.size());
  if (!rest.substr(path).starts_with(kNamespace)) return refuse(text);
  const std::string_view names = rest.substr(path + kNamespace.size());
  const std::size_t ns_end = std::min(names.find('/'), names.size());
  if (!names.substr(ns_end).starts_with(kServiceAccount)) return refuse(text);
  return of(std::string(rest.substr(0, path)), std::string(names.substr(0, ns_end)),
            std::string(names.substr(ns_end + kServiceAccount.size())));
}

std::string SpiffeId::text() const {
  std::string text(kScheme);
  return text.append(trust_domain_).append(kNamespace).append(ns_).append(kServiceAccount).append(service_account_);
}

}  // namespace outrigger::identity
