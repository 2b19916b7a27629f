#include "http/message.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "http/syntax.h"

namespace outrigger::http {

bool same_letters(std::string_view a, std::string_view b) {
  // Eight at a time: nearly always they are the same to the byte, or differ in more than the bit that tells the case.
  constexpr std::uint64_t kCaseBits = 0x2020202020202020ULL;
  std::size_t i = 0;
  for (; a.size() - i >= sizeof(std::uint64_t); i += sizeof(std::uint64_t)) {
    std::uint64_t x = 0;
    std::uint64_t y = 0;
    std::memcpy(&x, a.data() + i, sizeof x);
    std::memcpy(&y, b.data() + i, sizeof y);
    if (x == y) continue;
    if (((x ^ y) & ~kCaseBits) != 0) return false;
    break;
  }
  for (; i < a.size(); ++i) {
    if (a[i] != b[i] && lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

bool has_token(std::string_view value, std::string_view token) {
  while (const auto element = next_element(value)) {
    if (same_name(*element, token)) return true;
  }
  return false;
}

const Field* find_field(const std::vector<Field>& fields, std::string_view name) {
  const auto found =
      std::find_if(fields.begin(), fields.end(), [&](const Field& field) { return same_name(field.name, name); });
  return found == fields.end() ? nullptr : &*found;
}

}  // namespace outrigger::http
