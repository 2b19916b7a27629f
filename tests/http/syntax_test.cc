#include "http/syntax.h"

#include <gtest/gtest.h>

#include <string>

namespace outrigger::http {
namespace {

TEST(Syntax, FindsAControlCharacterWhereverItStandsInAValue) {
  for (std::size_t position = 0; position < 21; ++position) {
    for (unsigned byte = 0; byte < 256; ++byte) {
      for (const char around : {'x', '\t', '\xff', ' ', '~'}) {
        std::string value(21, around);
        value[position] = static_cast<char>(byte);
        const bool allowed = byte == '\t' || (byte >= 0x20 && byte != 0x7f);
        ASSERT_EQ(is_field_value(value), allowed) << "byte " << byte << " at " << position << " in " << around;
      }
    }
  }
}

TEST(Syntax, TakesTheCharactersOfRfc9110ForTokens) {
  const std::string marks = "!#$%&'*+-.^_`|~";
  for (unsigned byte = 0; byte < 256; ++byte) {
    const bool letter_or_digit =
        (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
    const bool mark = byte != 0 && marks.find(static_cast<char>(byte)) != std::string::npos;
    EXPECT_EQ(is_token_char(static_cast<char>(byte)), letter_or_digit || mark) << "byte " << byte;
  }
  EXPECT_FALSE(is_token(""));
}

TEST(Syntax, TrimsBlanksOnly) {
  EXPECT_EQ(trim(" \t a \t b\t "), "a \t b");
  EXPECT_EQ(trim("\v"), "\v");
  EXPECT_EQ(trim(" \t"), "");
}

TEST(Syntax, ReadsDecimalsThatFit) {
  EXPECT_EQ(parse_decimal("0018446744073709551615"), 18446744073709551615u);
  for (const auto* text : {"", " 1", "1 ", "-0", "+1", "1,", "0x1", "18446744073709551616"}) {
    EXPECT_EQ(parse_decimal(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace outrigger::http
