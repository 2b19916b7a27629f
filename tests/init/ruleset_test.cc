#include "init/ruleset.h"

#include <gtest/gtest.h>

#include <vector>

namespace outrigger::init {
namespace {

TEST(Ruleset, NamesEverythingThatIsLeftOut) {
  const Redirection redirection{.port = 15001,
                                .proxy_uid = 64190,
                                .skip_ports = *model::parse_ports("10250,9000-9050,53,9051-9100"),
                                .api_server = api_server("10.96.0.1", "443")};
  EXPECT_EQ(ruleset(redirection), R"(table inet outrigger
delete table inet outrigger
table inet outrigger {
  chain output {
    type nat hook output priority -100; policy accept;
    oifname "lo" accept
    ip daddr 169.254.0.0/16 accept
    ip6 daddr fe80::/10 accept
    meta skuid 64190 accept
    ip daddr 10.96.0.1 tcp dport 443 accept
    tcp dport { 53, 9000-9100, 10250 } accept
    tcp flags & (fin | syn | rst | ack) == syn redirect to :15001
  }
}
)");
}

TEST(Ruleset, HasNoRuleForWhatIsNotThere) {
  const std::string bare =
      ruleset({.port = 1, .proxy_uid = 2, .skip_ports = {}, .api_server = api_server("kubernetes.default", "443")});
  EXPECT_EQ(bare.find("dport"), std::string::npos) << bare;
  EXPECT_NE(bare.find("meta skuid 2 accept"), std::string::npos) << bare;
  EXPECT_NE(bare.find("redirect to :1\n"), std::string::npos) << bare;
}

TEST(Ruleset, KnowsAnApiServerOfIpv6) {
  const std::string text =
      ruleset({.port = 1, .proxy_uid = 2, .skip_ports = {}, .api_server = api_server("FD00:0::1", "6443")});
  EXPECT_NE(text.find("ip6 daddr fd00::1 tcp dport 6443 accept"), std::string::npos) << text;
}

TEST(ApiServer, IsAnIpAndAPort) {
  EXPECT_EQ(api_server("10.96.0.1", "443"), (IpPort{"10.96.0.1", false, 443}));
  EXPECT_EQ(api_server("fd00:0:0::a", "65535"), (IpPort{"fd00::a", true, 65535}));
  EXPECT_EQ(api_server("10.96.0.1", "443")->text(), "10.96.0.1:443");
  EXPECT_EQ(api_server("fd00::a", "443")->text(), "[fd00::a]:443");
}

TEST(ApiServer, IsUnknownWhereTheEnvironmentSaysNothingElse) {
  for (const auto& [host, port] : std::vector<std::pair<const char*, const char*>>{{nullptr, nullptr},
                                                                                   {"10.96.0.1", nullptr},
                                                                                   {nullptr, "443"},
                                                                                   {"", "443"},
                                                                                   {"10.96.0.1", ""},
                                                                                   {"10.96.0.1", "0"},
                                                                                   {"10.96.0.1", "65536"},
                                                                                   {"10.96.0.1", "https"},
                                                                                   {"kubernetes.default.svc", "443"},
                                                                                   {"10.96.0.1/8", "443"},
                                                                                   {"10.96.0.1 } drop", "1"},
                                                                                   {"fd00::1%eth0", "443"},
                                                                                   {"10.96.0.1", "443 drop"}}) {
    EXPECT_EQ(api_server(host, port), std::nullopt)
        << (host == nullptr ? "(none)" : host) << ' ' << (port == nullptr ? "(none)" : port);
  }
}

}  // namespace
}  // namespace outrigger::init
