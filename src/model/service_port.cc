#include "model/service_port.h"

#include <algorithm>

#include "model/service_options.h"
#include "model/shown_value.h"

namespace outrigger::model {
namespace {

/// RFC 1123 label as Kubernetes takes it: 1–63 of a–z, 0–9 and '-', with '-' neither first nor last.
bool is_dns_label(std::string_view text) {
  constexpr std::size_t kMaxLabel = 63;
  const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return !text.empty() && text.size() <= kMaxLabel && text.front() != '-' && text.back() != '-' &&
         std::all_of(text.begin(), text.end(), allowed);
}

}  // namespace

Result<ServicePort> ServicePort::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::size_t colon = text.rfind(':');
  if (slash != std::string_view::npos && colon != std::string_view::npos && slash < colon) {
    const std::string_view ns = text.substr(0, slash);
    const std::string_view name = text.substr(slash + 1, colon - slash - 1);
    const auto number = parse_number(text.substr(colon + 1), 1, 65'535);
    if (is_dns_label(ns) && is_dns_label(name) && number) {
      return ServicePort{{std::string(ns), std::string(name)}, static_cast<std::uint16_t>(*number)};
    }
  }
  return failure("'" + shown_value(text) +
                 "' is not allowed; allowed: NAMESPACE/NAME:PORT, names of 1 to 63 of a-z, 0-9 and '-' (not first or "
                 "last), a port from 1 to 65535");
}

}  // namespace outrigger::model
