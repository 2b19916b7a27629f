#include "model/service_port.h"

#include <gtest/gtest.h>

#include <unordered_set>

namespace outrigger::model {
namespace {

TEST(ServicePort, ReadsWhatItWrites) {
  const ServicePort cases[] = {{{"shop", "web"}, 80}, {{"a", "b-1"}, 1}, {{std::string(63, 'n'), "0"}, 65'535}};
  for (const ServicePort& port : cases) {
    const auto parsed = ServicePort::parse(port.text());
    ASSERT_TRUE(parsed) << port.text();
    EXPECT_EQ(*parsed, port);
  }
}

TEST(ServicePort, RefusesWhatIsNotNamespaceNamePort) {
  const std::string long_name(64, 'a');
  const std::string cases[] = {"",
                               "web",
                               "shop/web",
                               "web:80",
                               "shop/:80",
                               "/web:80",
                               "shop/web:",
                               "shop/web:0",
                               "shop/web:65536",
                               "shop/web:70000",
                               "shop/web:4294967376",  // 2^32 + 80
                               "shop/web:080",
                               "shop/web:+80",
                               "shop/web:-80",
                               "shop/web: 80",
                               "shop/web:80 ",
                               " shop/web:80",
                               "shop/web:http",
                               "shop/web:80:80",
                               "shop/web/x:80",
                               "shop:80/web",
                               "Shop/web:80",
                               "shop/web_1:80",
                               "shop/-web:80",
                               "shop/web-:80",
                               "shop/we.b:80",
                               "shop/w\xC3\xA9"
                               "b:80",
                               long_name + "/web:80",
                               "shop/" + long_name + ":80",
                               std::string("shop/web\0:80", 12)};
  for (const std::string& text : cases) EXPECT_FALSE(ServicePort::parse(text)) << text;
}

TEST(ServicePort, ErrorNamesTheValueAndWhatIsAllowed) {
  EXPECT_EQ(ServicePort::parse("shop/web:70000\n").error().text,
            "'shop/web:70000?' is not allowed; allowed: NAMESPACE/NAME:PORT, names of 1 to 63 of a-z, 0-9 and '-' (not "
            "first or last), a port from 1 to 65535");
}

TEST(ServicePort, HashTellsPortsAndNamesApart) {
  const std::unordered_set<ServicePort> ports = {
      {{"a", "b"}, 80}, {{"a", "b"}, 81}, {{"b", "a"}, 80}, {{"a", "b"}, 80}};
  EXPECT_EQ(ports.size(), 3u);
}

}  // namespace
}  // namespace outrigger::model
