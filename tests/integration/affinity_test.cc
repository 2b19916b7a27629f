#include <gtest/gtest.h>

#include <memory>
#include <set>

#include "integration/backend.h"
#include "integration/file_sidecar.h"
#include "integration/http_connection.h"
#include "sidecar/peer.h"

namespace outrigger::integration {
namespace {

using sidecar::test::Speaks;

/// What a client learns of one answer.
struct Answer {
  int status = 0;
  std::string backend;
  std::string set_cookie;
};

std::uint16_t port_of(const std::string& address) {
  return static_cast<std::uint16_t>(std::stoul(address.substr(address.rfind(':') + 1)));
}

/// Four backends, and affinity over round robin; a client of either version of HTTP.
class Affinity : public ::testing::TestWithParam<Speaks> {
 protected:
  Affinity() {
    for (const char* name : {"a", "b", "c", "d"}) backends_[name] = std::make_unique<Backend>(name, "127.0.0.1:0");
    sidecar_ = std::make_unique<FileSidecar>(FileSettings{.workers = 2, .protocol = "auto"}, services());
    http1_ = std::make_unique<HttpConnection>(sidecar_->address());
    http2_ = &stage_.client(port_of(sidecar_->address()), Speaks::http2);
  }

  std::vector<FileService> services() const {
    FileService service{.name = "shop/web:80",
                        .options = "policy: round-robin, protocol: http, affinity: 'cookie:lb;ttl=1h'",
                        .endpoints = {}};
    for (const auto& [name, backend] : backends_) service.endpoints.push_back("address: " + backend->address());
    return {service};
  }
  /// `cookies`: each a field of its own.
  Answer ask(const std::vector<std::string>& cookies = {}) {
    if (GetParam() == Speaks::http1) {
      std::string fields;
      for (const std::string& cookie : cookies) fields += "Cookie: " + cookie + "\r\n";
      const auto answer = http1_->get("/", fields);
      if (!answer) return {};
      return {answer->status, answer->body, answer->field("set-cookie")};
    }
    fakes::Fields fields;
    for (const std::string& cookie : cookies) fields.emplace_back("cookie", cookie);
    auto& talk = http2_->send(sidecar::test::request_to("GET", "/", fields));
    stage_.until("an answer", [&] { return talk.over(); });
    return {talk.heard.status, talk.heard.body, talk.heard.field("set-cookie")};
  }
  /// "lb=..."
  static std::string pair_of(const std::string& set_cookie) { return set_cookie.substr(0, set_cookie.find(';')); }

  std::map<std::string, std::unique_ptr<Backend>> backends_;
  std::unique_ptr<FileSidecar> sidecar_;
  std::unique_ptr<HttpConnection> http1_;
  sidecar::test::Stage stage_;
  sidecar::test::Client* http2_ = nullptr;
};

TEST_P(Affinity, HoldsFromTheFirstAnswerOnUntilTheEndpointIsGone) {
  std::set<std::string> firsts;
  for (int client = 0; client < 4; ++client) {
    const Answer first = ask();
    ASSERT_EQ(first.status, 200);
    ASSERT_NE(first.set_cookie.find("Max-Age=3600"), std::string::npos) << first.set_cookie;
    firsts.insert(first.backend);
    for (int i = 0; i < 20; ++i) {
      const Answer next = ask({"theme=dark", pair_of(first.set_cookie) + "; lang=en"});
      EXPECT_EQ(next.backend, first.backend);
      EXPECT_EQ(next.set_cookie, "");
    }
  }
  EXPECT_EQ(firsts.size(), 4u) << "the policy places the first requests";

  const Answer first = ask();
  backends_.erase(first.backend);  // it dies, and is still in the set
  const Answer second = ask({pair_of(first.set_cookie)});
  EXPECT_EQ(second.status, 200);
  EXPECT_NE(second.backend, first.backend);
  ASSERT_NE(second.set_cookie, "");
  EXPECT_NE(pair_of(second.set_cookie), pair_of(first.set_cookie));
  sidecar_->reload(services());  // it is out of the set
  const Answer third = ask({pair_of(first.set_cookie)});
  EXPECT_EQ(third.status, 200);
  EXPECT_NE(third.set_cookie, "");
  for (int i = 0; i < 20; ++i) EXPECT_EQ(ask({pair_of(second.set_cookie)}).backend, second.backend);
}

TEST_P(Affinity, IsNotMisledByOtherCookies) {
  const std::string hash(16, '0');
  std::set<std::string> reached;
  for (const std::string& cookie :
       {std::string("lb"), std::string("lb="), std::string("lb=;"), std::string("lb=zzzzzzzzzzzzzzzz"), "lb=" + hash,
        "lb=-" + hash.substr(1), "lb=0x" + hash.substr(2), "xlb=" + hash, "lb=" + hash + "0", "lb=\"" + hash + "\"",
        std::string(";;;==; =;lb"), "lb=" + std::string(8'000, 'f'), std::string("lb=\xff\xfe")}) {
    const Answer answer = ask({cookie});
    EXPECT_EQ(answer.status, 200) << cookie;
    EXPECT_NE(answer.set_cookie, "") << cookie;
    reached.insert(answer.backend);
  }
  EXPECT_EQ(reached.size(), 4u);
}

INSTANTIATE_TEST_SUITE_P(Over, Affinity, ::testing::Values(Speaks::http1, Speaks::http2),
                         [](const auto& over) { return over.param == Speaks::http1 ? "Http1" : "Http2"; });

}  // namespace
}  // namespace outrigger::integration
