#pragma once
/// Names as Kubernetes allows them. Any thread.
#include <string_view>

namespace outrigger::model {

/// RFC 1123 label: 1–63 of a–z, 0–9 and '-', with '-' neither first nor last.
bool is_dns_label(std::string_view text);
/// RFC 1123 subdomain, as a Node's name is: labels of any length with '.' between them, at most 253 bytes.
bool is_dns_subdomain(std::string_view text);
/// A label's value that is not empty, as a zone is: 1–63 of A–Z, a–z, 0–9, '-', '_' and '.', first and last a letter
/// or a digit.
bool is_label_value(std::string_view text);

inline constexpr std::string_view kDnsLabelAllowed = "1 to 63 of a-z, 0-9 and '-', first and last a letter or a digit";
inline constexpr std::string_view kLabelValueAllowed =
    "1 to 63 of A-Z, a-z, 0-9, '-', '_' and '.', first and last a letter or a digit";
inline constexpr std::string_view kDnsSubdomainAllowed =
    "1 to 253 of a-z, 0-9, '-' and '.', each part's first and last a letter or a digit";

}  // namespace outrigger::model
