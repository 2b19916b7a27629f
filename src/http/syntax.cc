#include "http/syntax.h"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace outrigger::http {
namespace {

constexpr std::uint64_t every_byte(std::uint8_t byte) { return 0x0101010101010101ULL * byte; }

/// True when one of the eight bytes may be a control character; false means that none is.
bool may_hold_control(std::uint64_t word) {
  const std::uint64_t below_space = (word - every_byte(0x20)) & ~word;
  const std::uint64_t delete_as_zero = word ^ every_byte(0x7f);
  const std::uint64_t is_delete = (delete_as_zero - every_byte(0x01)) & ~delete_as_zero;
  return ((below_space | is_delete) & every_byte(0x80)) != 0;
}

}  // namespace

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return is_token_char(c); });
}

bool is_field_value(std::string_view text) {
  const auto holds_no_control = [](std::string_view part) {
    return std::all_of(part.begin(), part.end(), [](char c) { return is_value_char(c); });
  };
  // Eight bytes at a time, as values are most of a head's bytes; the last eight may overlap those before.
  constexpr std::size_t kWord = sizeof(std::uint64_t);
  if (text.size() < kWord) return holds_no_control(text);
  const auto word_holds_no_control = [&](std::size_t at) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, kWord);
    return !may_hold_control(word) || holds_no_control(text.substr(at, kWord));
  };
  const std::size_t last = text.size() - kWord;
  for (std::size_t at = 0; at < last; at += kWord) {
    if (!word_holds_no_control(at)) return false;
  }
  return word_holds_no_control(last);
}

std::optional<std::string_view> next_element(std::string_view& list) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    const std::string_view element = trim(list.substr(0, comma));
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
    if (!element.empty()) return element;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> parse_decimal(std::string_view digits) {
  std::uint64_t number = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stopped, error] = std::from_chars(digits.data(), end, number);
  if (error != std::errc{} || stopped != end) return std::nullopt;
  return number;
}

}  // namespace outrigger::http
