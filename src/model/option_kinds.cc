#include "model/option_kinds.h"

#include <optional>

namespace outrigger::model {
namespace {

struct RetryCondition {
  std::string_view name;
  bool RetryOn::*flag;
};
constexpr std::array<RetryCondition, 5> kRetryConditions = {{{"connect-failure", &RetryOn::connect_failure},
                                                             {"refused", &RetryOn::refused},
                                                             {"502", &RetryOn::bad_gateway},
                                                             {"503", &RetryOn::service_unavailable},
                                                             {"504", &RetryOn::gateway_timeout}}};

constexpr std::size_t kMaxFieldName = 128;  ///< of a header or a cookie
constexpr std::size_t kMaxCheckTarget = 1'024;
constexpr std::string_view kHeader = "header:";
constexpr std::string_view kCookie = "cookie:";
constexpr std::string_view kTtl = ";ttl=";
constexpr std::string_view kHttp = "http:";
constexpr std::string_view kGrpc = "grpc:";
constexpr const char* kNameAllowed = "a NAME is an RFC 9110 token of at most 128 bytes";

/// RFC 9110 section 5.6.2; RFC 6265 section 4.1.1 has cookies' names so, too.
bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= kMaxFieldName && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

/// What stands behind `prefix`, if that is what it begins with.
std::optional<std::string_view> behind(std::string_view prefix, std::string_view text) {
  if (!text.starts_with(prefix)) return std::nullopt;
  return text.substr(prefix.size());
}

bool is_check_target(std::string_view text) {
  return !text.empty() && text.size() <= kMaxCheckTarget &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return lower;
}

}  // namespace

bool ProtocolOption::set(ServiceOptions& options, std::string_view value) {
  const auto protocol = protocol_named(value);
  if (protocol) options.protocol = *protocol;
  return protocol.has_value();
}

bool RetryOnOption::set(ServiceOptions& options, std::string_view value) {
  RetryOn given{.connect_failure = false, .refused = false};
  while (true) {
    const std::size_t comma = value.find(',');
    const auto condition =
        std::find_if(kRetryConditions.begin(), kRetryConditions.end(),
                     [&](const RetryCondition& candidate) { return candidate.name == value.substr(0, comma); });
    if (condition == kRetryConditions.end() || given.*(condition->flag)) return false;
    given.*(condition->flag) = true;
    if (comma == std::string_view::npos) break;
    value.remove_prefix(comma + 1);
  }
  options.retry_on = given;
  return true;
}

std::string RetryOnOption::text(const ServiceOptions& options) {
  std::string text;
  for (const RetryCondition& condition : kRetryConditions) {
    if (options.retry_on.*(condition.flag)) text.append(text.empty() ? "" : ",").append(condition.name);
  }
  return text;
}

std::string RetryOnOption::allowed() {
  std::array<std::string_view, kRetryConditions.size()> names;
  std::transform(kRetryConditions.begin(), kRetryConditions.end(), names.begin(), [](const auto& c) { return c.name; });
  return "one or more of " + listed(names) + ", separated by commas alone, none twice";
}

bool HashOnOption::set(ServiceOptions& options, std::string_view value) {
  if (value == "source-ip") {
    options.hash_on = {};
  } else if (value == "path") {
    options.hash_on = {.kind = HashOn::Kind::path, .name = {}};
  } else if (const auto header = behind(kHeader, value); header && is_name(*header)) {
    options.hash_on = {.kind = HashOn::Kind::header, .name = lower_case(*header)};
  } else if (const auto cookie = behind(kCookie, value); cookie && is_name(*cookie)) {
    options.hash_on = {.kind = HashOn::Kind::cookie, .name = std::string(*cookie)};
  } else {
    return false;
  }
  return true;
}

std::string HashOnOption::text(const ServiceOptions& options) {
  switch (options.hash_on.kind) {
    case HashOn::Kind::source_ip: return "source-ip";
    case HashOn::Kind::header: return std::string(kHeader) + options.hash_on.name;
    case HashOn::Kind::cookie: return std::string(kCookie) + options.hash_on.name;
    case HashOn::Kind::path: return "path";
  }
  CHECK(false);
}

std::string HashOnOption::allowed() {
  return std::string("source-ip, header:NAME, cookie:NAME, path; ") + kNameAllowed;
}

bool AffinityOption::set(ServiceOptions& options, std::string_view value) {
  if (value == "off") {
    options.affinity = {};
    return true;
  }
  const auto cookie = behind(kCookie, value);
  if (!cookie) return false;
  const std::size_t semicolon = cookie->find(';');
  Affinity affinity{.cookie = std::string(cookie->substr(0, semicolon)), .ttl = {}};
  if (!is_name(affinity.cookie)) return false;
  if (semicolon != std::string_view::npos) {
    const auto ttl = behind(kTtl, cookie->substr(semicolon));
    const auto duration = parse_duration(ttl.value_or(""));
    // Max-Age has seconds (RFC 6265 section 5.2.2).
    if (!duration || *duration < std::chrono::seconds(1) || duration->count() % 1'000 != 0) return false;
    affinity.ttl = std::chrono::floor<std::chrono::seconds>(*duration);
  }
  options.affinity = std::move(affinity);
  return true;
}

std::string AffinityOption::text(const ServiceOptions& options) {
  const Affinity& affinity = options.affinity;
  if (affinity.cookie.empty()) return "off";
  std::string text = std::string(kCookie) + affinity.cookie;
  if (affinity.ttl.count() != 0) text += std::string(kTtl) + duration_text(affinity.ttl);
  return text;
}

std::string AffinityOption::allowed() {
  return std::string("off, cookie:NAME, cookie:NAME;ttl=DURATION of whole seconds from 1s to 24h; ") + kNameAllowed;
}

bool HealthCheckOption::set(ServiceOptions& options, std::string_view value) {
  using Kind = HealthCheck::Kind;
  if (value == "off" || value == "grpc" || value == "tcp") {
    options.health_check = {.kind = value == "off"    ? Kind::off
                                    : value == "grpc" ? Kind::grpc
                                                      : Kind::tcp,
                            .target = {}};
  } else if (const auto path = behind(kHttp, value); path && path->starts_with('/') && is_check_target(*path)) {
    options.health_check = {.kind = Kind::http, .target = std::string(*path)};
  } else if (const auto service = behind(kGrpc, value); service && is_check_target(*service)) {
    options.health_check = {.kind = Kind::grpc, .target = std::string(*service)};
  } else {
    return false;
  }
  return true;
}

std::string HealthCheckOption::text(const ServiceOptions& options) {
  const HealthCheck& check = options.health_check;
  switch (check.kind) {
    case HealthCheck::Kind::off: return "off";
    case HealthCheck::Kind::http: return std::string(kHttp) + check.target;
    case HealthCheck::Kind::grpc: return check.target.empty() ? "grpc" : std::string(kGrpc) + check.target;
    case HealthCheck::Kind::tcp: return "tcp";
  }
  CHECK(false);
}

std::string HealthCheckOption::allowed() {
  return "off, http:PATH, grpc, grpc:SERVICE, tcp; a PATH begins with '/', and both are at most 1024 bytes of "
         "printable "
         "ASCII without spaces";
}

}  // namespace outrigger::model
