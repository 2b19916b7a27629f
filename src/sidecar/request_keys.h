#pragma once
/// What of a request decides where it goes, beside its target. Worker's thread only.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "balance/policy.h"
#include "http/message.h"
#include "model/service_options.h"
#include "sidecar/router.h"

namespace outrigger::sidecar {

/// The value of a cookie of a request (RFC 6265 section 5.4), whether its cookies come in one field or in several
/// (RFC 9113 section 8.2.3); the first if there are several of that name, nothing if there is none.
std::optional<std::string_view> cookie(const http::RequestHead& head, std::string_view name);

/// The hash of what `hash_on` names; nothing where the request has no such thing. `client`: its numeric address.
std::optional<std::uint64_t> key_hash(const model::HashOn& hash_on, const http::RequestHead& head,
                                      std::string_view client);

/// What decides it for a connection as a whole: its client's address, which is all that is known of it.
balance::Request connection_request(const Destination& cluster, int client, Router::Tried tried);

/// The endpoint, by its hash, that the request's affinity cookie names; nothing without a cookie that we could have
/// set.
std::optional<std::uint64_t> wanted_endpoint(const model::Affinity& affinity, const http::RequestHead& head);
/// The value of Set-Cookie (RFC 6265 section 4.1) that names that endpoint.
std::string affinity_cookie(const model::Affinity& affinity, std::uint64_t endpoint);

}  // namespace outrigger::sidecar
