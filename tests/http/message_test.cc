#include "http/message.h"

#include <gtest/gtest.h>

#include <cctype>
#include <string>

namespace outrigger::http {
namespace {

TEST(Message, FindsATokenInAListWhateverItsCase) {
  for (const auto* list : {"close", "CLOSE", "x,close", " x ,\tClose , y", ",,close,,"}) {
    EXPECT_TRUE(has_token(list, "close")) << list;
  }
}

TEST(Message, DoesNotTakePartOfATokenForIt) {
  for (const auto* list : {"", ",", "closed", "x-close", "close x", "clos", "close;q=1"}) {
    EXPECT_FALSE(has_token(list, "close")) << list;
  }
}

TEST(Message, ComparesNamesWithoutRegardToTheCaseOfLetters) {
  EXPECT_TRUE(same_name("Content-Length", "cONTENT-lENGTH"));
  EXPECT_FALSE(same_name("Content-Length", "Content-Lengt"));
  EXPECT_FALSE(same_name("X^", "X~"));  // they differ in the bit that tells the case of letters
}

TEST(Message, ComparesNamesAsTheirCharactersOneByOneCompare) {
  const std::string name = "Abcdefg-Z{[`@09~xyZ";  // longer than two words, with characters that differ by 0x20
  for (std::size_t size = 0; size <= name.size(); ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      for (unsigned byte = 0; byte < 256; ++byte) {
        std::string other = name.substr(0, size);
        const auto here = static_cast<unsigned char>(other[at]);
        other[at] = static_cast<char>(byte);
        const bool same = here == byte || (std::isalpha(here) != 0 && (here ^ byte) == 0x20);
        ASSERT_EQ(same_name(name.substr(0, size), other), same) << other;
      }
    }
  }
}

TEST(Message, FindsTheFirstFieldOfAName) {
  const std::vector<Field> fields{{"A", "1"}, {"b", "2"}, {"B", "3"}};
  ASSERT_NE(find_field(fields, "B"), nullptr);
  EXPECT_EQ(find_field(fields, "B")->value, "2");
  EXPECT_EQ(find_field(fields, "C"), nullptr);
}

}  // namespace
}  // namespace outrigger::http
