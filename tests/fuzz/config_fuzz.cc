/// The input is a sidecar's configuration file. Properties: what is read keeps to its limits and is the same when it is
/// shown and read again; an error is one line that begins with the place.
#include <algorithm>
#include <cstdint>
#include <string>

#include "sidecar/admin_pages.h"
#include "sidecar/config.h"

using namespace outrigger;

namespace {

constexpr const char* kPath = "/c.yaml";

void check_limits(const sidecar::Config& config) {
  CHECK(config.workers <= sidecar::kMaxWorkers);
  CHECK(config.listeners.size() <= sidecar::kMaxListeners);
  CHECK(config.http.max_head_bytes >= 1'024 && config.http.max_target_bytes >= 1'024 && config.http.max_fields >= 16);
  CHECK(config.http.head_timeout.count() > 0 && config.limits.buffered_bytes >= 1 << 20);
  for (const sidecar::ListenerConfig& listener : config.listeners) {
    CHECK(listener.has_service() == (listener.service != model::ServicePort{}));
    CHECK(!listener.transparent || listener.by_host.empty());
  }
  for (const model::EndpointSet& set : config.services) {
    CHECK(!set.rules.empty() && set.addresses.size() <= model::kMaxAddresses);
    CHECK(set.failover.size() <= model::kMaxFailovers);
    for (const model::Endpoint& endpoint : set.endpoints) {
      CHECK(endpoint.weight >= 1 && endpoint.weight <= model::kMaxWeight && endpoint.tier <= model::kMaxTier);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(input), size);
  const auto config = sidecar::parse_config(text, kPath);
  if (!config) {
    const std::string& error = config.error().text;
    CHECK(error.starts_with(std::string(kPath) + ":"));
    CHECK(std::none_of(error.begin(), error.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }));
    return 0;
  }
  check_limits(*config);
  const std::string shown = sidecar::config_json(*config);
  // JSON cannot show what is not UTF-8, which a path may be.
  if (shown.find("\xef\xbf\xbd") != std::string::npos) return 0;
  const auto again = sidecar::parse_config(shown, kPath);
  CHECK(again && *again == *config);
  return 0;
}
