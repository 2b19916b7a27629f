#include "model/shown_value.h"

#include <gtest/gtest.h>

namespace outrigger::model {
namespace {

using namespace std::string_literals;

TEST(ShownValue, LeavesPrintableTextAsItIs) {
  for (const auto& text : {""s, "weighted-round-robin"s, "größer"s, "日本"s, "\U0001F6F6"s}) {
    EXPECT_EQ(shown_value(text), text);
  }
}

TEST(ShownValue, ReplacesControlCharacters) {
  EXPECT_EQ(shown_value("a\nb\r\tc\x1b[31m\x7f"), "a?b??c?[31m?");
  EXPECT_EQ(shown_value("a\0b"s), "a?b");
  EXPECT_EQ(shown_value("a\xC2\x85z"), "a?z");  // U+0085, next line
}

TEST(ShownValue, ReplacesEachByteThatIsNotUtf8) {
  EXPECT_EQ(shown_value("\xff\xfe"), "??");
  EXPECT_EQ(shown_value("a\x80z"), "a?z");             // a continuation alone
  EXPECT_EQ(shown_value("\xC0\xAF"), "??");            // overlong '/'
  EXPECT_EQ(shown_value("\xE0\x80\xAF"), "???");       // overlong '/'
  EXPECT_EQ(shown_value("\xED\xA0\x80"), "???");       // a surrogate
  EXPECT_EQ(shown_value("\xF4\x90\x80\x80"), "????");  // above U+10FFFF
  EXPECT_EQ(shown_value("a\xE6\x97"), "a??");          // cut short by the end
  EXPECT_EQ(shown_value("\xE6\x97z"), "??z");          // cut short by another character
}

TEST(ShownValue, CutsAt128BytesAndNeverInsideACharacter) {
  EXPECT_EQ(shown_value(std::string(128, 'x')), std::string(128, 'x'));
  EXPECT_EQ(shown_value(std::string(129, 'x')), std::string(128, 'x'));
  EXPECT_EQ(shown_value(std::string(127, 'x') + "é"), std::string(127, 'x'));
  EXPECT_EQ(shown_value(std::string(126, 'x') + "éé"), std::string(126, 'x') + "é");
  EXPECT_EQ(shown_value(std::string(64 << 20, '\n')), std::string(128, '?'));
}

}  // namespace
}  // namespace outrigger::model
