#include "model/shown_value.h"

#include <algorithm>
#include <cstdint>

namespace outrigger::model {
namespace {

struct CodePoint {
  std::uint32_t value = 0;
  std::size_t bytes = 0;  ///< 0: not UTF-8
};

/// The first code point of a text that is not empty, by RFC 3629 section 4: no overlong forms, no surrogates.
CodePoint first_code_point(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i])); };
  const std::uint32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t bytes = lead < 0xC0 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF8 ? 4 : 0;
  if (bytes == 0 || text.size() < bytes) return {};
  std::uint32_t value = lead & (0xFFu >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    value = value << 6 | (byte(i) & 0x3F);
  }
  constexpr std::uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (value < kSmallest[bytes] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) return {};
  return {value, bytes};
}

bool is_control(std::uint32_t value) { return value < 0x20 || (value >= 0x7F && value < 0xA0); }

}  // namespace

std::string shown_value(std::string_view value, std::size_t max_bytes) {
  std::string shown;
  shown.reserve(std::min(value.size(), max_bytes));
  while (!value.empty() && shown.size() < max_bytes) {
    const CodePoint next = first_code_point(value);
    if (next.bytes == 0 || is_control(next.value)) {
      shown += '?';
    } else if (shown.size() + next.bytes > max_bytes) {
      break;
    } else {
      shown += value.substr(0, next.bytes);
    }
    value.remove_prefix(std::max<std::size_t>(next.bytes, 1));
  }
  return shown;
}

}  // namespace outrigger::model
