#include "lines/line_splitter.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace outrigger {
namespace {

class Lines {
 public:
  explicit Lines(std::size_t max_line_bytes) : splitter(max_line_bytes) {}
  Result<void> feed(std::string_view bytes) {
    return splitter.feed(bytes, [&](std::string_view line) -> Result<void> {
      seen.emplace_back(line);
      return {};
    });
  }
  LineSplitter splitter;
  std::vector<std::string> seen;
};

TEST(LineSplitter, CutsAtNewlines) {
  Lines lines(100);
  ASSERT_TRUE(lines.feed("one\ntwo\n"));
  EXPECT_EQ(lines.seen, (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(lines.splitter.held(), 0u);
}

TEST(LineSplitter, JoinsPiecesOfALine) {
  Lines lines(100);
  for (const char* piece : {"o", "n", "", "e\ntw", "o", "\n"}) ASSERT_TRUE(lines.feed(piece));
  EXPECT_EQ(lines.seen, (std::vector<std::string>{"one", "two"}));
}

TEST(LineSplitter, HoldsAnUnfinishedLine) {
  Lines lines(100);
  ASSERT_TRUE(lines.feed("one\ntw"));
  EXPECT_EQ(lines.seen, std::vector<std::string>{"one"});
  EXPECT_EQ(lines.splitter.held(), 2u);
}

TEST(LineSplitter, KeepsEmptyLinesAndCarriageReturns) {
  Lines lines(100);
  ASSERT_TRUE(lines.feed("\n\none\r\n"));
  EXPECT_EQ(lines.seen, (std::vector<std::string>{"", "", "one\r"}));
}

TEST(LineSplitter, TakesALineOfTheBoundAndRefusesALongerOne) {
  for (const bool whole : {true, false}) {
    const auto feed = [&](Lines& lines, std::string_view text) -> Result<void> {
      if (whole) return lines.feed(text);
      for (const char& c : text) {
        if (auto fed = lines.feed({&c, 1}); !fed) return fed;
      }
      return {};
    };
    Lines fits(4);
    EXPECT_TRUE(feed(fits, "1234\n1234\n"));
    EXPECT_EQ(fits.seen.size(), 2u);
    Lines longer(4);
    const auto refused = feed(longer, "1234\n12345\n");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().text, "a line is longer than 4 bytes");
    EXPECT_EQ(longer.seen.size(), 1u);
  }
}

TEST(LineSplitter, RefusesAnEndlessLineBeforeItsEnd) {
  Lines lines(4);
  EXPECT_TRUE(lines.feed("1234"));
  EXPECT_FALSE(lines.feed("5"));
  EXPECT_LE(lines.splitter.held(), 4u);
}

TEST(LineSplitter, StopsWhereTheReaderFails) {
  for (const char* first : {"", "o"}) {  // a line in one piece, and one joined
    LineSplitter splitter(100);
    int calls = 0;
    const auto fail = [&](std::string_view) -> Result<void> {
      ++calls;
      return failure("no");
    };
    ASSERT_TRUE(splitter.feed(first, fail));
    const auto fed = splitter.feed("ne\ntwo\n", fail);
    ASSERT_FALSE(fed);
    EXPECT_EQ(fed.error().text, "no");
    EXPECT_EQ(calls, 1);
  }
}

TEST(LineSplitter, GivesTheSameLinesHoweverTheBytesAreCut) {
  for (unsigned seed = 1; seed <= 500; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    std::vector<std::string> expected(random() % 20);
    std::string text;
    for (std::string& line : expected) {
      line.assign(random() % 10, static_cast<char>('a' + random() % 26));
      text += line + "\n";
    }
    const std::string unfinished(random() % 10, 'z');
    text += unfinished;
    Lines lines(10);
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t bytes = random() % 15;
      ASSERT_TRUE(lines.feed(std::string_view(text).substr(at, bytes)));
      at += bytes;
    }
    ASSERT_EQ(lines.seen, expected);
    ASSERT_EQ(lines.splitter.held(), unfinished.size());
  }
}

}  // namespace
}  // namespace outrigger
