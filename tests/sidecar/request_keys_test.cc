#include "sidecar/request_keys.h"

#include <gtest/gtest.h>

#include "balance/backend.h"

namespace outrigger::sidecar {
namespace {

using model::HashOn;

http::RequestHead head_with(std::vector<http::Field> fields) {
  http::RequestHead head;
  head.target = "/";
  head.fields = std::move(fields);
  return head;
}
http::RequestHead with_cookies(std::string_view cookies) { return head_with({{"Cookie", cookies}}); }

TEST(Cookie, IsFoundInOneFieldOrInSeveral) {
  EXPECT_EQ(cookie(with_cookies("sid=1"), "sid"), "1");
  EXPECT_EQ(cookie(with_cookies("a=b; sid=1; c=d"), "sid"), "1");
  EXPECT_EQ(cookie(with_cookies("a=b;sid=1 ;c=d"), "sid"), "1");
  EXPECT_EQ(cookie(head_with({{"cookie", "a=b"}, {"x", "sid=0"}, {"COOKIE", "sid=1"}, {"cookie", "c=d"}}), "sid"), "1");
}

TEST(Cookie, IsTheFirstOfThatName) {
  EXPECT_EQ(cookie(with_cookies("sid=1; sid=2"), "sid"), "1");
  EXPECT_EQ(cookie(head_with({{"cookie", "sid=1"}, {"cookie", "sid=2"}}), "sid"), "1");
}

TEST(Cookie, HasTheValueAsItIsWritten) {
  EXPECT_EQ(cookie(with_cookies("sid=a=b"), "sid"), "a=b");
  EXPECT_EQ(cookie(with_cookies("sid=\"a b\""), "sid"), "\"a b\"");
  EXPECT_EQ(cookie(with_cookies("sid="), "sid"), "");
}

TEST(Cookie, IsNotFoundInOtherNamesOrGarbage) {
  for (const char* cookies : {"", ";", ";;;", "=", "sid", "SID=1", "asid=1", "sidx=1", "a=sid=1", "a=b; sid"}) {
    EXPECT_EQ(cookie(with_cookies(cookies), "sid"), std::nullopt) << cookies;
  }
  EXPECT_EQ(cookie(head_with({}), "sid"), std::nullopt);
}

TEST(KeyHash, IsOfWhatTheServiceNames) {
  http::RequestHead head = head_with({{"X-User", "ann"}, {"x-user", "bob"}, {"cookie", "sid=1"}});
  head.target = "/items/7?page=2";
  EXPECT_EQ(key_hash({.kind = HashOn::Kind::source_ip, .name = {}}, head, "10.0.0.7"), balance::hash_of("10.0.0.7"));
  EXPECT_EQ(key_hash({.kind = HashOn::Kind::path, .name = {}}, head, "10.0.0.7"), balance::hash_of("/items/7"));
  EXPECT_EQ(key_hash({.kind = HashOn::Kind::header, .name = "x-user"}, head, "10.0.0.7"), balance::hash_of("ann"));
  EXPECT_EQ(key_hash({.kind = HashOn::Kind::cookie, .name = "sid"}, head, "10.0.0.7"), balance::hash_of("1"));
}

TEST(KeyHash, IsNothingWithoutThatHeaderOrCookie) {
  const http::RequestHead head = head_with({{"x-user", "ann"}, {"cookie", "sid=1"}});
  EXPECT_EQ(key_hash({.kind = HashOn::Kind::header, .name = "x-other"}, head, "10.0.0.7"), std::nullopt);
  EXPECT_EQ(key_hash({.kind = HashOn::Kind::cookie, .name = "other"}, head, "10.0.0.7"), std::nullopt);
}

TEST(AffinityCookie, NamesTheEndpointThatIsReadBack) {
  const model::Affinity affinity{.cookie = "lb", .ttl = {}};
  for (const std::uint64_t endpoint : {std::uint64_t{0}, std::uint64_t{0xab}, UINT64_MAX, balance::hash_of("a")}) {
    const std::string set = affinity_cookie(affinity, endpoint);
    EXPECT_EQ(wanted_endpoint(affinity, with_cookies("a=b; " + set.substr(0, set.find(';')))), endpoint) << set;
  }
  EXPECT_EQ(affinity_cookie(affinity, 0xab), "lb=00000000000000ab; Path=/; HttpOnly; SameSite=Lax");
  EXPECT_EQ(affinity_cookie({.cookie = "lb", .ttl = std::chrono::hours(1)}, 0xab),
            "lb=00000000000000ab; Path=/; HttpOnly; SameSite=Lax; Max-Age=3600");
}

TEST(AffinityCookie, ThatWeCannotHaveSetNamesNothing) {
  for (const char* cookies :
       {"", "lb", "lb=", "lb=ab", "lb=00000000000000a", "lb=00000000000000abc", "lb=00000000000000ag",
        "lb=-0000000000000ab", "lb=+0000000000000ab", "lb=0x000000000000ab", "lb= 0000000000000ab",
        "lb=\"000000000000ab\"", "xlb=00000000000000ab", "LB=00000000000000ab"}) {
    EXPECT_EQ(wanted_endpoint({.cookie = "lb", .ttl = {}}, with_cookies(cookies)), std::nullopt) << cookies;
  }
}

}  // namespace
}  // namespace outrigger::sidecar
