#include "cli/quantities.h"

#include <gtest/gtest.h>

namespace outrigger::cli {
namespace {

using namespace std::chrono_literals;

TEST(Time, IsANumberWithAUnit) {
  const std::pair<const char*, health::Time> cases[] = {
      {"0", 0s},        {"0s", 0s}, {"7ns", 7ns},  {"200us", 200us}, {"1.5ms", 1500us},
      {"167ms", 167ms}, {"2s", 2s}, {"1.5m", 90s}, {"24h", 24h},     {"1e3ms", 1s}};
  for (const auto& [text, expected] : cases) {
    const auto time = parse_time(text);
    ASSERT_TRUE(time) << text;
    EXPECT_EQ(*time, expected) << text;
  }
}

TEST(Time, RefusesWhatIsNone) {
  for (const char* text : {"", "1", "ms", "-1s", "1 s", "1sec", "25h", "nanms", "infs", "1e400s", "0x1s", "+1s"}) {
    const auto time = parse_time(text);
    ASSERT_FALSE(time) << text;
    EXPECT_EQ(time.error().text, "'" + std::string(text) +
                                     "' is not allowed; allowed: 0 or a number with a unit of ns, us, ms, s, m or h, "
                                     "at most 24h");
  }
}

TEST(Decimal, IsFiniteAndInItsBounds) {
  EXPECT_EQ(parse_decimal("0.25", 0, 1).value(), 0.25);
  EXPECT_EQ(parse_decimal("1e6", 0, 1e8).value(), 1e6);
  for (const char* text : {"", "2", "-0.1", "nan", "inf", "1x", " 1"}) EXPECT_FALSE(parse_decimal(text, 0, 1)) << text;
  EXPECT_EQ(parse_decimal("2", 0, 1).error().text, "'2' is not allowed; allowed: numbers from 0 to 1");
}

}  // namespace
}  // namespace outrigger::cli
