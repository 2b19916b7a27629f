#include "kube/watch_decoder.h"

#include <gtest/gtest.h>

#include <random>

namespace outrigger::kube {
namespace {

struct Seen {
  std::vector<std::string> events;  // type and the object's name
  std::string error;
};

const char* letter(WatchEvent::Type type) {
  switch (type) {
    case WatchEvent::Type::added: return "A";
    case WatchEvent::Type::modified: return "M";
    case WatchEvent::Type::deleted: return "D";
    case WatchEvent::Type::bookmark: return "B";
    case WatchEvent::Type::error: return "E";
  }
  return "?";
}

void feed(WatchDecoder& decoder, std::string_view bytes, Seen& seen) {
  const auto done = decoder.feed(bytes, [&](WatchEvent event) -> Result<void> {
    seen.events.push_back(letter(event.type) + event.object.value("name", std::string()));
    return {};
  });
  if (!done) seen.error = done.error().text;
}

Seen decode(std::string_view bytes, std::size_t max_line_bytes = WatchDecoder::kMaxLineBytes) {
  WatchDecoder decoder(max_line_bytes);
  Seen seen;
  feed(decoder, bytes, seen);
  return seen;
}

TEST(WatchDecoder, KnowsEveryTypeOfEvent) {
  const Seen seen = decode(
      "{\"type\":\"ADDED\",\"object\":{\"name\":\"a\"}}\n{\"type\":\"MODIFIED\",\"object\":{\"name\":\"b\"}}\n"
      "{\"type\":\"DELETED\",\"object\":{\"name\":\"c\"}}\n{\"type\":\"BOOKMARK\",\"object\":{\"name\":\"d\"}}\n"
      "{\"type\":\"ERROR\",\"object\":{\"name\":\"e\"}}\n");
  EXPECT_EQ(seen.events, (std::vector<std::string>{"Aa", "Mb", "Dc", "Bd", "Ee"}));
  EXPECT_EQ(seen.error, "");
}

TEST(WatchDecoder, GivesTheSameEventsHoweverTheBytesAreCut) {
  std::string bytes;
  std::vector<std::string> expected;
  for (int i = 0; i < 40; ++i) {
    const std::string name = std::string(static_cast<std::size_t>(i * i % 97), 'n') + std::to_string(i);
    bytes += "{\"type\":\"MODIFIED\",\"object\":{\"name\":\"" + name + "\",\"text\":\"a\\nb\"}}\n";
    expected.push_back("M" + name);
  }
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    std::uniform_int_distribution<std::size_t> piece(1, seed % 2 == 0 ? 7 : 400);
    WatchDecoder decoder;
    Seen seen;
    for (std::size_t at = 0; at < bytes.size();) {
      const std::size_t size = piece(random);
      feed(decoder, std::string_view(bytes).substr(at, size), seen);
      at += size;
    }
    ASSERT_EQ(seen.error, "");
    ASSERT_EQ(seen.events, expected);
  }
}

TEST(WatchDecoder, KeepsAnUnfinishedLineToItself) {
  EXPECT_TRUE(decode("{\"type\":\"ADDED\",\"object\":{}}").events.empty());
}

TEST(WatchDecoder, RefusesALineBeyondItsBoundAndTakesOneAtIt) {
  const std::string line = "{\"type\":\"ADDED\",\"object\":{}}";
  EXPECT_EQ(decode(line + "\n", line.size()).error, "");
  EXPECT_NE(decode(line + "\n", line.size() - 1).error, "");
  EXPECT_NE(decode(std::string(100, ' '), 99).error, "");
}

TEST(WatchDecoder, RefusesWhatIsNoWatchEvent) {
  for (const char* line :
       {"", "{", "[]", "null", "\"ADDED\"", "{\"object\":{}}", "{\"type\":1,\"object\":{}}",
        "{\"type\":\"added\",\"object\":{}}", "{\"type\":\"PATCHED\",\"object\":{}}", "{\"type\":\"ADDED\"}",
        "{\"type\":\"ADDED\",\"object\":[]}", "{\"type\":\"ADDED\",\"object\":null}",
        "{\"type\":\"ADDED\",\"object\":{}} x", "{\"type\":\"ADDED\",\"object\":{\"a\":\"\xff\"}}"}) {
    const Seen seen = decode(std::string(line) + "\n");
    EXPECT_NE(seen.error, "") << line;
    EXPECT_TRUE(seen.events.empty()) << line;
  }
}

TEST(WatchDecoder, GivesTheEventsBeforeABrokenLine) {
  const Seen seen = decode("{\"type\":\"ADDED\",\"object\":{\"name\":\"a\"}}\nbroken\n");
  EXPECT_EQ(seen.events, std::vector<std::string>{"Aa"});
  EXPECT_NE(seen.error, "");
}

TEST(WatchDecoder, StopsAtItsReadersFailure) {
  WatchDecoder decoder;
  int events = 0;
  const auto done = decoder.feed("{\"type\":\"ADDED\",\"object\":{}}\n{\"type\":\"ADDED\",\"object\":{}}\n",
                                 [&](WatchEvent) -> Result<void> {
                                   ++events;
                                   return failure("enough");
                                 });
  EXPECT_EQ(done.error().text, "enough");
  EXPECT_EQ(events, 1);
}

}  // namespace
}  // namespace outrigger::kube
