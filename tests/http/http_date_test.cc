#include "http/http_date.h"

#include <gtest/gtest.h>

#include <ctime>

namespace outrigger::http {
namespace {

TEST(HttpDate, IsWrittenAsTheRfcDoes) {
  EXPECT_EQ(HttpDate{784111777}.text(), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(HttpDate{0}.text(), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(HttpDate{253402300799}.text(), "Fri, 31 Dec 9999 23:59:59 GMT");
}

TEST(HttpDate, AgreesWithTheCLibrary) {
  for (std::int64_t day = -1'000; day < 40'000; ++day) {
    const std::time_t time = day * 86'400 + day % 86'399;
    std::tm broken_down{};
    gmtime_r(&time, &broken_down);
    char text[30];
    ASSERT_EQ(std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &broken_down), 29u);
    ASSERT_EQ(HttpDate{time}.text(), text);
  }
}

}  // namespace
}  // namespace outrigger::http
