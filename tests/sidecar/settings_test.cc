/// What a worker's settings have it add to requests, whatever the client speaks.
#include <gtest/gtest.h>

#include "messages.h"
#include "peer.h"
#include "proxy.h"

namespace outrigger::sidecar::test {
namespace {

class Settings : public ::testing::TestWithParam<Speaks> {
 protected:
  Settings() {
    proxy_.options.protocol = model::Protocol::http;
    proxy_.set_endpoints({endpoint_.address()});
    endpoint_.on_end = [](Talk& talk) { talk.send(answer_with(200), "x"); };
  }

  /// The fields of a request, as they come to the endpoint under those settings.
  Fields arriving(const HttpSettings& settings) {
    proxy_.worker().configure(settings, {.connections = 1'000, .buffered_bytes = 64 << 20});
    proxy_.sync();
    Talk& talk = stage_.client(port_, GetParam()).send(request_to("GET", "/", {{"forwarded", "for=b"}}));
    stage_.until("an answer", [&] { return talk.over(); });
    return endpoint_.talks.back()->heard.fields;
  }
  static std::vector<std::string> values_of(const Fields& fields, std::string_view name) {
    std::vector<std::string> values;
    for (const auto& [known, value] : fields) {
      if (http::same_name(known, name)) values.push_back(value);
    }
    return values;
  }

  Proxy proxy_;
  Stage stage_;
  Endpoint& endpoint_ = stage_.endpoint(Speaks::http1);
  const std::uint16_t port_ =
      GetParam() == Speaks::http2 ? proxy_.listen("h2", kWeb, ListenerProtocol::http2) : proxy_.port();
};

INSTANTIATE_TEST_SUITE_P(Spoken, Settings, ::testing::Values(Speaks::http1, Speaks::http2),
                         [](const auto& of) { return of.param == Speaks::http1 ? "Http1" : "Http2"; });

TEST_P(Settings, SayWhetherItAddsItselfToVia) {
  const std::string via = GetParam() == Speaks::http1 ? "1.1 outrigger" : "2.0 outrigger";
  EXPECT_EQ(values_of(arriving({}), "via"), std::vector{via});
  EXPECT_TRUE(values_of(arriving({.via = false}), "via").empty());
}

TEST_P(Settings, SayHowItTellsWhoTheClientIs) {
  const Fields none = arriving({});
  EXPECT_EQ(values_of(none, "forwarded"), (std::vector<std::string>{"for=b"}));
  EXPECT_TRUE(values_of(none, "x-forwarded-for").empty());

  const Fields forwarded = arriving({.forwarded = http::Forwarded::forwarded});
  EXPECT_EQ(values_of(forwarded, "forwarded"),
            (std::vector<std::string>{"for=b", "for=127.0.0.1;proto=http;host=web"}));
  EXPECT_TRUE(values_of(forwarded, "x-forwarded-for").empty());

  const Fields x_forwarded = arriving({.forwarded = http::Forwarded::x_forwarded});
  EXPECT_EQ(values_of(x_forwarded, "forwarded"), (std::vector<std::string>{"for=b"}));
  EXPECT_EQ(values_of(x_forwarded, "x-forwarded-for"), (std::vector<std::string>{"127.0.0.1"}));
  EXPECT_EQ(values_of(x_forwarded, "x-forwarded-proto"), (std::vector<std::string>{"http"}));
  EXPECT_EQ(values_of(x_forwarded, "x-forwarded-host"), (std::vector<std::string>{"web"}));
}

}  // namespace
}  // namespace outrigger::sidecar::test
