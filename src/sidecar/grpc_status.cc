#include "sidecar/grpc_status.h"

#include <algorithm>

#include <array>

namespace outrigger::sidecar {
namespace {

constexpr std::uint32_t kDeadlineExceeded = 4;
constexpr std::uint32_t kResourceExhausted = 8;
constexpr std::uint32_t kUnimplemented = 12;
constexpr std::uint32_t kInternal = 13;
constexpr std::uint32_t kUnavailable = 14;

}  // namespace

bool is_grpc(const http::RequestHead& head) {
  constexpr std::string_view kType = "application/grpc";
  const http::Field* const type = http::find_field(head.fields, "content-type");
  if (type == nullptr || !http::same_name(type->value.substr(0, kType.size()), kType)) return false;
  return type->value.size() == kType.size() || type->value[kType.size()] == '+' || type->value[kType.size()] == ';';
}

std::uint32_t grpc_status(std::uint16_t http_status, std::string_view proxy_error) {
  if (proxy_error == "http_response_timeout") return kDeadlineExceeded;
  if (http_status == 413) return kResourceExhausted;
  if (http_status == 501) return kUnimplemented;
  return http_status < 500 ? kInternal : kUnavailable;
}

bool is_grpc_failure(const std::vector<http::Field>& fields) {
  static constexpr std::array<std::string_view, 5> kFailures = {"2", "4", "13", "14", "15"};
  const http::Field* const status = http::find_field(fields, "grpc-status");
  return status != nullptr && std::find(kFailures.begin(), kFailures.end(), status->value) != kFailures.end();
}

std::string grpc_message(std::string_view text) {
  static constexpr std::array<char, 17> kDigits = {"0123456789ABCDEF"};
  std::string message;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f && c != '%') {
      message += c;
    } else {
      message.append(1, '%').append(1, kDigits[byte >> 4]).append(1, kDigits[byte & 0xf]);
    }
  }
  return message;
}

}  // namespace outrigger::sidecar
