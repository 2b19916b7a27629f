#include "sidecar/request_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "balance/backend.h"
#include "http/syntax.h"

namespace outrigger::sidecar {

std::optional<std::string_view> cookie(const http::RequestHead& head, std::string_view name) {
  for (const http::Field& field : head.fields) {
    if (!http::same_name(field.name, "cookie")) continue;
    std::string_view left = field.value;
    while (!left.empty()) {
      const std::size_t end = std::min(left.find(';'), left.size());
      const std::string_view pair = http::trim(left.substr(0, end));
      left.remove_prefix(std::min(end + 1, left.size()));
      if (pair.size() > name.size() && pair[name.size()] == '=' && pair.starts_with(name)) {
        return pair.substr(name.size() + 1);
      }
    }
  }
  return std::nullopt;
}

std::optional<std::uint64_t> key_hash(const model::HashOn& hash_on, const http::RequestHead& head,
                                      std::string_view client) {
  switch (hash_on.kind) {
    case model::HashOn::Kind::source_ip: return balance::hash_of(client);
    case model::HashOn::Kind::path: return balance::hash_of(head.target.substr(0, head.target.find('?')));
    case model::HashOn::Kind::header: {
      const http::Field* const field = http::find_field(head.fields, hash_on.name);
      return field == nullptr ? std::nullopt : std::optional(balance::hash_of(field->value));
    }
    case model::HashOn::Kind::cookie: {
      const auto value = cookie(head, hash_on.name);
      return value ? std::optional(balance::hash_of(*value)) : std::nullopt;
    }
  }
  CHECK(false);
}

balance::Request connection_request(const Destination& cluster, int client, Router::Tried tried) {
  const bool hashed = cluster.cluster.options().policy == model::PolicyKind::consistent_hash;
  return {.now = cluster.now(), .hash = hashed ? balance::hash_of(net::peer_host(client)) : 0, .tried = tried};
}

std::optional<std::uint64_t> wanted_endpoint(const model::Affinity& affinity, const http::RequestHead& head) {
  const auto value = cookie(head, affinity.cookie);
  if (!value || value->size() != 16) return std::nullopt;
  std::uint64_t endpoint = 0;
  const char* const end = value->data() + value->size();
  const auto [last, error] = std::from_chars(value->data(), end, endpoint, 16);
  if (error != std::errc() || last != end) return std::nullopt;
  return endpoint;
}

std::string affinity_cookie(const model::Affinity& affinity, std::uint64_t endpoint) {
  std::string text = fmt::format("{}={:016x}; Path=/; HttpOnly; SameSite=Lax", affinity.cookie, endpoint);
  if (affinity.ttl.count() > 0) text += fmt::format("; Max-Age={}", affinity.ttl.count());
  return text;
}

}  // namespace outrigger::sidecar
