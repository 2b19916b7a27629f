#include "check/grpc_health.h"

#include <array>

namespace outrigger::check {
namespace {

constexpr std::size_t kPrefixBytes = 5;
constexpr std::uint64_t kServiceField = 1;  ///< of the request
constexpr std::uint64_t kStatusField = 1;   ///< of the response

/// Protobuf's wire types; groups are not among them, since proto3 has none.
enum WireType : std::uint8_t { varint = 0, fixed64 = 1, delimited = 2, fixed32 = 5 };

void put_varint(std::uint64_t value, std::string& out) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>((value & 0x7f) | 0x80);
  out += static_cast<char>(value);
}

std::optional<std::uint64_t> take_varint(std::string_view& bytes) {
  constexpr unsigned kBits = 64;
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < kBits && !bytes.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    value |= std::uint64_t{byte & 0x7fu} << shift;
    if ((byte & 0x80) == 0) return value;
  }
  return std::nullopt;
}

/// Past a field's value; false: it is not whole, or of no known type.
bool skip_value(std::uint64_t type, std::string_view& bytes) {
  std::optional<std::uint64_t> size;
  switch (type) {
    case varint: return take_varint(bytes).has_value();
    case fixed64: size = 8; break;
    case fixed32: size = 4; break;
    case delimited: size = take_varint(bytes); break;
    default: break;
  }
  if (!size || *size > bytes.size()) return false;
  bytes.remove_prefix(static_cast<std::size_t>(*size));
  return true;
}

}  // namespace

std::string serving_status_text(std::uint64_t status) {
  static constexpr std::array<const char*, 4> kNames = {"UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"};
  return status < kNames.size() ? kNames[status] : std::to_string(status);
}

std::string grpc_health_request(std::string_view service) {
  std::string message;
  if (!service.empty()) {
    put_varint(kServiceField << 3 | delimited, message);
    put_varint(service.size(), message);
    message += service;
  }
  std::string bytes(1, '\0');
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(message.size() >> shift);
  return bytes + message;
}

std::optional<std::uint64_t> grpc_health_response(std::string_view bytes) {
  if (bytes.size() < kPrefixBytes || bytes.front() != '\0') return std::nullopt;
  std::size_t size = 0;
  for (const char byte : bytes.substr(1, kPrefixBytes - 1)) size = size << 8 | static_cast<unsigned char>(byte);
  bytes.remove_prefix(kPrefixBytes);
  if (size != bytes.size()) return std::nullopt;

  std::uint64_t status = 0;
  while (!bytes.empty()) {
    const auto key = take_varint(bytes);
    if (!key) return std::nullopt;
    if (*key == (kStatusField << 3 | varint)) {
      const auto value = take_varint(bytes);
      if (!value) return std::nullopt;
      status = *value;
    } else if (!skip_value(*key & 7, bytes)) {
      return std::nullopt;
    }
  }
  return status;
}

}  // namespace outrigger::check
