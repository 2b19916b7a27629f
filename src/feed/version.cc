#include "feed/version.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <span>

#include "feed/set_json.h"

namespace outrigger::feed {

namespace {

std::string encoding_of(const model::EndpointSet& set) {
  return set_json(set).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string hexadecimal(std::span<const unsigned char, 8> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace

std::string local_version_of(const model::EndpointSet& set) {
  const std::uint64_t hash = std::hash<std::string>{}(encoding_of(set));
  std::array<unsigned char, sizeof(hash)> bytes{};
  std::memcpy(bytes.data(), &hash, sizeof(hash));
  return hexadecimal(bytes);
}

std::string version_of(const model::EndpointSet& set) {
  const std::string text = encoding_of(set);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  CHECK(EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha256(), nullptr) == 1);
  return hexadecimal(std::span(digest).first<8>());
}

std::optional<Delta> difference(const FullSet& from, const FullSet& to) {
  if (from.set.service != to.set.service || from.set.options != to.set.options || from.set.rules != to.set.rules ||
      from.set.addresses != to.set.addresses || from.set.failover != to.set.failover) {
    return std::nullopt;
  }
  Delta delta{.service = to.set.service, .from = from.version, .version = to.version, .changed = {}, .removed = {}};
  auto old = from.set.endpoints.begin();
  const auto old_end = from.set.endpoints.end();
  for (const model::Endpoint& endpoint : to.set.endpoints) {
    while (old != old_end && old->address < endpoint.address) delta.removed.push_back((old++)->address);
    if (old == old_end || old->address != endpoint.address) {
      delta.changed.push_back(endpoint);
    } else if (*old++ != endpoint) {
      delta.changed.push_back(endpoint);
    }
  }
  while (old != old_end) delta.removed.push_back((old++)->address);
  return delta;
}

Result<FullSet> apply(const FullSet& from, const Delta& delta) {
  if (delta.from != from.version) {
    return failure(delta.service.text() + ": a delta from version " + delta.from + ", but here is " + from.version);
  }
  std::map<std::string, model::Endpoint> endpoints;
  for (const model::Endpoint& endpoint : from.set.endpoints) endpoints.emplace(endpoint.address, endpoint);
  for (const std::string& address : delta.removed) endpoints.erase(address);
  for (const model::Endpoint& endpoint : delta.changed) endpoints.insert_or_assign(endpoint.address, endpoint);

  FullSet to{.version = delta.version, .set = from.set};
  to.set.endpoints.clear();
  for (auto& [address, endpoint] : endpoints) to.set.endpoints.push_back(std::move(endpoint));
  if (version_of(to.set) != delta.version) {
    return failure(delta.service.text() + ": a delta to version " + delta.version + " did not give it");
  }
  return to;
}

}  // namespace outrigger::feed
