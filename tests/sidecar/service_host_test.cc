#include "sidecar/service_host.h"

#include <gtest/gtest.h>

namespace outrigger::sidecar {
namespace {

std::string named(std::string_view authority) {
  const auto service = service_of_host(authority, "shop");
  return service ? service->text() : "-";
}

TEST(ServiceHost, IsANameAsTheClustersDnsHasIt) {
  EXPECT_EQ(named("web"), "shop/web:80");
  EXPECT_EQ(named("web:8080"), "shop/web:8080");
  EXPECT_EQ(named("web.other"), "other/web:80");
  EXPECT_EQ(named("web.other.svc:9"), "other/web:9");
  EXPECT_EQ(named("web.other.svc.cluster.local"), "other/web:80");
  EXPECT_EQ(named("web.other.svc.k8s.example.com:65535"), "other/web:65535");
  EXPECT_EQ(named("Web.OTHER.Svc.cluster.local"), "other/web:80") << "RFC 4343: in any case";
  EXPECT_EQ(named("web.other.svc.cluster.local.:80"), "other/web:80");
  EXPECT_EQ(named("web."), "shop/web:80");
}

TEST(ServiceHost, IsNoOtherName) {
  for (const char* authority : {"",
                                ":80",
                                ".",
                                "web:",
                                "web:0",
                                "web:65536",
                                "web:http",
                                "web:80:80",
                                "web..svc",
                                ".other",
                                "web.other.pod",
                                "web-0.web.other.svc.cluster.local",
                                "www.example.com",
                                "we_b",
                                "-web",
                                "web.other..",
                                "[::1]",
                                "[fd00::7]:80",
                                "web/x:80",
                                "user@web",
                                "10.96.0.7",
                                "10.96.0.7:80"}) {
    EXPECT_EQ(named(authority), "-") << authority;
  }
  EXPECT_EQ(named(std::string(64, 'a')), "-");
  EXPECT_EQ(named(std::string(63, 'a')), "shop/" + std::string(63, 'a') + ":80");
}

}  // namespace
}  // namespace outrigger::sidecar
