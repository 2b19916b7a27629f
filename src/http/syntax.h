#pragma once
/// The character rules that several files of this room share (RFC 9110 section 5.6, RFC 9112 section 5). Any thread.
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace outrigger::http {

/// Indexed by a character's unsigned value.
using CharacterSet = std::array<bool, 256>;

constexpr CharacterSet letters_digits_and(std::string_view marks) {
  CharacterSet set{};
  for (const char c : marks) set[static_cast<unsigned char>(c)] = true;
  for (unsigned c = '0'; c <= '9'; ++c) set[c] = true;
  for (unsigned c = 'a'; c <= 'z'; ++c) set[c] = set[c - 'a' + 'A'] = true;
  return set;
}

inline constexpr CharacterSet kTokenCharacters = letters_digits_and("!#$%&'*+-.^_`|~");

inline bool is_token_char(char c) { return kTokenCharacters[static_cast<unsigned char>(c)]; }
inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
inline bool is_blank(char c) { return c == ' ' || c == '\t'; }  ///< OWS
/// Visible, blank or obs-text: no control character but the tab.
inline bool is_value_char(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte >= 0x20 && byte != 0x7f) || c == '\t';
}
inline char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
/// -1 when `c` is no hexadecimal digit.
inline int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  const char l = lower(c);
  return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

bool is_token(std::string_view text);        ///< at least one character
bool is_field_value(std::string_view text);  ///< every character is_value_char; may be empty
/// Without the blanks around it.
inline std::string_view trim(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

/// Takes the next element off a comma-separated list, trimmed; empty elements are passed over (RFC 9110 section 5.6.1).
/// Not for lists whose elements may be quoted strings. Nothing at the end.
std::optional<std::string_view> next_element(std::string_view& list);

/// Digits only, and no overflow; else nothing.
std::optional<std::uint64_t> parse_decimal(std::string_view digits);

}  // namespace outrigger::http
