#include "yaml/byte_size.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace outrigger::yaml {
namespace {

constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

TEST(ByteSize, IsAWholeNumberOfBytesOrOfAUnit) {
  const std::pair<const char*, std::uint64_t> cases[] = {{"0", 0},
                                                         {"1", 1},
                                                         {"65536", 65'536},
                                                         {"0KiB", 0},
                                                         {"64KiB", 65'536},
                                                         {"3MiB", 3 << 20},
                                                         {"1024GiB", std::uint64_t{1} << 40},
                                                         {"18446744073709551615", kMost},
                                                         {"17179869183GiB", kMost - ((1 << 30) - 1)}};
  for (const auto& [text, bytes] : cases) {
    const auto read = parse_byte_size(text, 0, kMost);
    ASSERT_TRUE(read) << text;
    EXPECT_EQ(*read, bytes) << text;
  }
}

TEST(ByteSize, RefusesEverythingElse) {
  for (const char* text : {"",
                           "KiB",
                           "-1",
                           "+1",
                           " 1",
                           "1 ",
                           "1 KiB",
                           "1.5MiB",
                           "1e3",
                           "01",
                           "00",
                           "0x10",
                           "1kib",
                           "1KB",
                           "1K",
                           "1TiB",
                           "1KiBKiB",
                           "1B",
                           "18446744073709551616",
                           "17179869184GiB"}) {
    EXPECT_FALSE(parse_byte_size(text, 0, kMost)) << text;
  }
}

TEST(ByteSize, ErrorsSayWhatIsAllowed) {
  EXPECT_TRUE(parse_byte_size("1KiB", 1'024, 1 << 20));
  EXPECT_TRUE(parse_byte_size("1048576", 1'024, 1 << 20));
  EXPECT_FALSE(parse_byte_size("1048577", 1'024, 1 << 20));
  EXPECT_EQ(parse_byte_size("1023", 1'024, 1 << 20).error().text,
            "'1023' is not allowed; allowed: sizes from 1KiB to 1MiB, a whole number of bytes or with KiB, MiB or GiB");
}

TEST(ByteSizeText, IsReadBackAsTheSameSize) {
  for (const unsigned seed : {1u, 2u, 3u}) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    for (int i = 0; i < 2'000; ++i) {
      const std::uint64_t bytes = random() >> (random() % 64) << (random() % 2 * 10);
      ASSERT_EQ(parse_byte_size(byte_size_text(bytes), 0, kMost).value(), bytes) << byte_size_text(bytes);
    }
  }
  EXPECT_EQ(byte_size_text(0), "0");
  EXPECT_EQ(byte_size_text(1'023), "1023");
  EXPECT_EQ(byte_size_text(65'536), "64KiB");
  EXPECT_EQ(byte_size_text(std::uint64_t{1} << 40), "1024GiB");
}

}  // namespace
}  // namespace outrigger::yaml
