#include "model/port_ranges.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace outrigger::model {
namespace {

TEST(PortRanges, AreSortedAndJoined) {
  EXPECT_EQ(ports_text(*parse_ports("9000-9100,53, 54 ,9050-9200,1")), "1,53-54,9000-9200");
  EXPECT_EQ(ports_text(*parse_ports("65535,1-65535")), "1-65535");
  EXPECT_EQ(ports_text(*parse_ports("")), "");
  EXPECT_EQ(ports_text(*parse_ports("  ")), "");
}

TEST(PortRanges, ABadOneIsShownWithWhatIsAllowed) {
  for (const char* bad : {"0", "65536", "5-", "-5", "9-8", "1,,2", "1,", ",1", "a", "1-2-3", "1 2", "+1"}) {
    const auto ports = parse_ports(bad);
    ASSERT_FALSE(ports) << bad;
    EXPECT_EQ(ports.error().text, "'" + std::string(bad) +
                                      "' is not allowed; allowed: ports from 1 to 65535 and ranges of them, as in "
                                      "53,9000-9100");
  }
}

TEST(PortRanges, HoldWhatWasPutInAndNothingElse) {
  std::mt19937 random{3};
  for (int round = 0; round < 100; ++round) {
    std::set<int> wanted;
    PortRanges ports;
    for (int i = 0; i < 12; ++i) {
      const int first = static_cast<int>(random() % 60) + 1;
      const int last = first + static_cast<int>(random() % 6);
      for (int port = first; port <= last; ++port) wanted.insert(port);
      ports = merged(std::move(ports), {{static_cast<std::uint16_t>(first), static_cast<std::uint16_t>(last)}});
    }
    std::set<int> held;
    int before = -1;
    for (const PortRange& range : ports) {
      EXPECT_GT(range.first, before + 1) << "touches the one before";
      for (int port = range.first; port <= range.last; ++port) held.insert(port);
      before = range.last;
    }
    EXPECT_EQ(held, wanted);
    EXPECT_EQ(parse_ports(ports_text(ports)).value(), ports);
  }
}

}  // namespace
}  // namespace outrigger::model
