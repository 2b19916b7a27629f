#include "model/endpoint_set.h"

#include <gtest/gtest.h>

namespace outrigger::model {
namespace {

TEST(CanonicalAddress, HasOneSpelling) {
  const std::pair<const char*, const char*> cases[] = {
      {"10.0.0.7:8080", "10.0.0.7:8080"},
      {"127.0.0.1:1", "127.0.0.1:1"},
      {"255.255.255.255:65535", "255.255.255.255:65535"},
      {"[fd00::7]:8080", "[fd00::7]:8080"},
      {"[FD00:0:0:0:0:0:0:7]:8080", "[fd00::7]:8080"},
      {"[2001:0db8:0000:0000:0001:0000:0000:0001]:80", "[2001:db8::1:0:0:1]:80"},  // RFC 5952 section 4.2.3
      {"[2001:db8:0:1:1:1:1:1]:80", "[2001:db8:0:1:1:1:1:1]:80"},                  // 4.2.2: one zero stays
      {"[::1]:80", "[::1]:80"},
      {"[64:ff9b::10.0.0.1]:80", "[64:ff9b::a00:1]:80"},
  };
  for (const auto& [text, canonical] : cases) {
    const auto address = canonical_address(text);
    ASSERT_TRUE(address) << address.error().text;
    EXPECT_EQ(*address, canonical);
    EXPECT_EQ(*canonical_address(*address), canonical);
  }
}

TEST(CanonicalAddress, RefusesWhatIsNotOneAddressAndPort) {
  const std::string cases[] = {"",
                               ":",
                               ":80",
                               "10.0.0.7",
                               "10.0.0.7:",
                               "10.0.0.7:0",
                               "10.0.0.7:65536",
                               "10.0.0.7:70000",
                               "10.0.0.7:080",
                               "10.0.0.7: 80",
                               "10.0.0.7:80 ",
                               " 10.0.0.7:80",
                               "10.0.0:80",
                               "10.0.0.07:80",
                               "10.0.0.256:80",
                               "0x0a.0.0.1:80",
                               "167772167:80",
                               "0.0.0.0:80",
                               "[10.0.0.7]:80",
                               "fd00::7:80",
                               "[fd00::7]",
                               "[fd00::7]80",
                               "[fd00::7:80",
                               "fd00::7]:80",
                               "[]:80",
                               "[::]:80",
                               "[0:0::0]:80",
                               "[::ffff:10.0.0.7]:80",
                               "[::ffff:a00:7]:80",
                               "[fe80::1%eth0]:80",
                               "[fe80::1%1]:80",
                               "[fd00::7]]:80",
                               "[[fd00::7]]:80",
                               "[fd00:::7]:80",
                               "localhost:80",
                               "web.shop.svc:80",
                               std::string("10.0.0.7\0:80", 12),
                               "[" + std::string(1 << 20, '0') + "::1]:80"};
  for (const std::string& text : cases) EXPECT_FALSE(canonical_address(text)) << text.substr(0, 64);
}

TEST(CanonicalAddress, IsTheSameFromItsParts) {
  EXPECT_EQ(*canonical_address("10.0.0.7", 80), "10.0.0.7:80");
  EXPECT_EQ(*canonical_address("FD00:0::7", 65'535), "[fd00::7]:65535");
  for (const char* ip : {"", "0.0.0.0", "::", "::ffff:10.0.0.7", "fe80::1%eth0", "[fd00::7]", "10.0.0.7:80", "web"}) {
    EXPECT_FALSE(canonical_address(ip, 80)) << ip;
  }
  EXPECT_FALSE(canonical_address("10.0.0.7", 0));
  EXPECT_FALSE(canonical_address("10.0.0.7", 65'536));
}

TEST(CanonicalAddress, ErrorNamesTheValueAndWhatIsAllowed) {
  const std::string allowed =
      " is not allowed; allowed: IP:PORT with a numeric IPv4 address or an IPv6 address in brackets (not unspecified, "
      "not IPv4-mapped, no zone) and a port from 1 to 65535";
  EXPECT_EQ(canonical_address("web:80").error().text, "'web:80'" + allowed);
  EXPECT_EQ(canonical_address("::", 0).error().text, "'[::]:0'" + allowed);
}

TEST(OwnClusterRule, SendsEveryRequestToTheServiceItself) {
  const ServicePort service{{"shop", "web"}, 80};
  const std::vector<Rule> expected = {{"/", {{service, 1}}}};
  EXPECT_EQ(own_cluster_rule(service), expected);
}

}  // namespace
}  // namespace outrigger::model
