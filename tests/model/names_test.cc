#include "model/names.h"

#include <gtest/gtest.h>

#include <string>

namespace outrigger::model {
namespace {

TEST(Names, LabelsAreOfLowerCaseLettersDigitsAndDashesInside) {
  for (const char* text : {"a", "0", "web-v1", "a--b"}) EXPECT_TRUE(is_dns_label(text)) << text;
  EXPECT_TRUE(is_dns_label(std::string(63, 'a')));
  for (const char* text : {"", "-a", "a-", "A", "a.b", "a_b", "a b", "\xc3\xa4"})
    EXPECT_FALSE(is_dns_label(text)) << text;
  EXPECT_FALSE(is_dns_label(std::string(64, 'a')));
}

TEST(Names, SubdomainsAreSuchPartsBetweenDots) {
  for (const char* text : {"a", "node-1", "ip-10-0-0-1.eu-west-1.compute.internal"}) {
    EXPECT_TRUE(is_dns_subdomain(text)) << text;
  }
  EXPECT_TRUE(is_dns_subdomain(std::string(253, 'a')));
  for (const char* text : {"", ".", "a.", ".a", "a..b", "a.-b", "a-.b", "A", "a_b", "a/b"}) {
    EXPECT_FALSE(is_dns_subdomain(text)) << text;
  }
  EXPECT_FALSE(is_dns_subdomain(std::string(254, 'a')));
}

TEST(Names, ValuesOfLabelsMayHaveUpperCaseDotsAndUnderscoresInside) {
  for (const char* text : {"a", "Z", "0", "eu-west-1b", "Zone_A.1"}) EXPECT_TRUE(is_label_value(text)) << text;
  EXPECT_TRUE(is_label_value(std::string(63, 'a')));
  for (const char* text : {"", "-a", "a-", ".a", "a_", "a b", "a/b", "\xc3\xa4"})
    EXPECT_FALSE(is_label_value(text)) << text;
  EXPECT_FALSE(is_label_value(std::string(64, 'a')));
}

}  // namespace
}  // namespace outrigger::model
