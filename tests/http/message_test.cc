#include "http/message.h"

#include <gtest/gtest.h>

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

TEST(Message, FindsTheFirstFieldOfAName) {
  const std::vector<Field> fields{{"A", "1"}, {"b", "2"}, {"B", "3"}};
  ASSERT_NE(find_field(fields, "B"), nullptr);
  EXPECT_EQ(find_field(fields, "B")->value, "2");
  EXPECT_EQ(find_field(fields, "C"), nullptr);
}

}  // namespace
}  // namespace outrigger::http
