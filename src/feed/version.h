#pragma once
/// Versions of endpoint sets and the steps between them. Pure.
#include <optional>
#include <string>

#include "feed/message.h"

namespace outrigger::feed {

/// 16 hexadecimal digits: the first 64 bits of the SHA-256 of the set's encoding.
std::string version_of(const model::EndpointSet& set);

/// The same length for a set that no other process has: it changes when the set does, and needs no OpenSSL, which would
/// be a tenth of a sidecar's start and two MiB that stay.
std::string local_version_of(const model::EndpointSet& set);

/// The step from one set to the next, or nothing when more than endpoints differs and it must be sent whole.
std::optional<Delta> difference(const FullSet& from, const FullSet& to);

/// Takes the step. Fails when `delta.from` is not the version at hand or what comes out is not `delta.version`.
Result<FullSet> apply(const FullSet& from, const Delta& delta);

}  // namespace outrigger::feed
