#include "model/value_text.h"

#include <gtest/gtest.h>

#include <array>
#include <random>

namespace outrigger::model {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

TEST(ParseNumber, TakesWholeNumbersInTheRangeAlone) {
  EXPECT_EQ(*parse_number("1", 1, 1'000), 1u);
  EXPECT_EQ(*parse_number("1000", 1, 1'000), 1'000u);
  EXPECT_EQ(*parse_number("0", 0, 255), 0u);
  EXPECT_EQ(*parse_number("4294967295", 0, 4'294'967'295), 4'294'967'295u);
  for (const char* text : {"", "0", "-1", "1001", "abc", " 5", "5 ", "+5", "05", "1e3", "5.0", "0x5", "5\n", "٥",
                           "4294967297", "18446744073709551617", "99999999999999999999999999"}) {
    EXPECT_FALSE(parse_number(text, 1, 1'000)) << text;
  }
  EXPECT_EQ(parse_number("1001", 1, 1'000).error().text,
            "'1001' is not allowed; allowed: whole numbers from 1 to 1000");
}

TEST(ParseDuration, TakesOneWholeNumberWithOneUnit) {
  const std::pair<const char*, milliseconds> cases[] = {
      {"0", 0ms},   {"0s", 0ms},  {"1ms", 1ms}, {"250ms", 250ms},    {"1s", 1s},
      {"90s", 90s}, {"5m", 5min}, {"24h", 24h}, {"86400000ms", 24h}, {"1440m", 24h}};
  for (const auto& [text, value] : cases) {
    const auto duration = parse_duration(text);
    ASSERT_TRUE(duration) << text;
    EXPECT_EQ(*duration, value) << text;
  }
}

TEST(ParseDuration, RefusesEverythingElse) {
  for (const char* text : {"",
                           "1",
                           "-1s",
                           "+1s",
                           " 1s",
                           "1s ",
                           "1 s",
                           "01s",
                           "00",
                           "1.5s",
                           "1e3ms",
                           "s",
                           "ms",
                           "h",
                           "1S",
                           "1h30m",
                           "1d",
                           "1us",
                           "25h",
                           "1441m",
                           "86401s",
                           "86400001ms",
                           "4294967296ms",
                           "18446744073709551616h",
                           "99999999999999999999999999s"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
  EXPECT_EQ(parse_duration("soon").error().text,
            "'soon' is not allowed; allowed: 0 or a whole number with a unit of ms, s, m or h, at most 24h");
}

TEST(DurationText, IsReadBackAsTheSameValueAndHasNoShorterSpelling) {
  for (const unsigned seed : {1u, 2u, 3u}) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    for (int i = 0; i < 5'000; ++i) {
      const milliseconds::rep unit = std::array{1, 1'000, 60'000, 3'600'000}[random() % 4];
      const milliseconds value(static_cast<milliseconds::rep>(random()) % (86'400'000 / unit + 1) * unit);
      const std::string text = duration_text(value);
      const auto read = parse_duration(text);
      ASSERT_TRUE(read) << text;
      ASSERT_EQ(*read, value) << text;
      for (const auto& [name, ms] : {std::pair{"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}) {
        if (value.count() % ms != 0) continue;
        ASSERT_LE(text.size(), (std::to_string(value.count() / ms) + name).size()) << text;
      }
    }
  }
  EXPECT_EQ(duration_text(0ms), "0");
  EXPECT_EQ(duration_text(60s), "1m");
  EXPECT_EQ(duration_text(90s), "90s");
}

}  // namespace
}  // namespace outrigger::model
