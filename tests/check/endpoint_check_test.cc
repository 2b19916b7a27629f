#include "check/endpoint_check.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <thread>

#include "fakes/function_timer.h"
#include "fakes/run_until.h"
#include "fakes/sockets.h"
#include "net/signal_watch.h"
#include "scripted_endpoint.h"

namespace outrigger::check::test {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using Kind = model::HealthCheck::Kind;
using Verdict = CheckOutcome::Verdict;
using Connection = ScriptedEndpoint::Connection;

const std::string kServing = "\0\0\0\0\x02\x08\x01"s;

/// Accepts, and no more.
const ScriptedEndpoint::Script kSilent;

class Check : public ::testing::Test {
 protected:
  static constexpr auto kEnough = 20s;
  static constexpr auto kShort = 50ms;

  static CheckQuestion question(Kind kind, const std::string& target = "", bool http2 = false) {
    return {.check = {.kind = kind, .target = target}, .authority = "web.shop", .http2 = http2, .timeout = kEnough};
  }
  static CheckQuestion in_short(CheckQuestion question) {
    question.timeout = kShort;
    return question;
  }
  /// On a busy machine a check may find that it was held up: that says nothing, here as elsewhere.
  void expect_timeout(const std::string& address, const CheckQuestion& question) {
    CheckOutcome outcome;
    do {
      outcome = ask(address, in_short(question));
    } while (outcome.verdict == Verdict::unknown);
    expect_unwell(outcome, "no answer within 50ms");
  }
  void expect_timeout(const ScriptedEndpoint::Script& script, const CheckQuestion& question) {
    ScriptedEndpoint endpoint(loop_, script);
    expect_timeout(endpoint.address(), question);
  }

  CheckOutcome ask(const std::string& address, const CheckQuestion& question) {
    std::optional<CheckOutcome> outcome;
    std::unique_ptr<EndpointCheck> check;
    loop_.post([&] {
      check = std::make_unique<EndpointCheck>(loop_, *net::SocketAddress::parse(address), question,
                                              [&](const CheckOutcome& said) { outcome = said; });
      if (hold_up_.count() > 0) loop_.post([this] { std::this_thread::sleep_for(hold_up_); });
    });
    EXPECT_TRUE(fakes::run_until(loop_, [&] { return outcome.has_value(); }));
    return outcome.value_or(CheckOutcome::unknown("nothing was said"));
  }
  CheckOutcome ask(ScriptedEndpoint::Script script, const CheckQuestion& question) {
    ScriptedEndpoint endpoint(loop_, std::move(script));
    return ask(endpoint.address(), question);
  }
  void expect_well(const CheckOutcome& outcome) { EXPECT_EQ(outcome.verdict, Verdict::well) << outcome.reason; }
  void expect_unwell(const CheckOutcome& outcome, const std::string& reason) {
    EXPECT_EQ(outcome.verdict, Verdict::unwell);
    EXPECT_NE(outcome.reason.find(reason), std::string::npos) << outcome.reason;
  }
  CheckOutcome ask_grpc(Http2Answer answer, const std::string& service = "") {
    return ask(answer_http2([answer](const Http2Request&) { return answer; }), question(Kind::grpc, service));
  }
  static Http2Answer grpc_answer(std::string body, const std::string& status = "0") {
    return {.fields = {{"content-type", "application/grpc"}},
            .body = std::move(body),
            .trailers = {{"grpc-status", status}}};
  }

  net::EventLoop loop_;
  std::chrono::milliseconds hold_up_{0};  ///< once a check has begun
};

TEST_F(Check, OfTcpIsWellWhereItConnects) {
  ScriptedEndpoint endpoint(loop_, {});
  expect_well(ask(endpoint.address(), question(Kind::tcp)));
  ASSERT_TRUE(fakes::run_until(loop_, [&] { return !endpoint.connections().empty() && endpoint.open() == 0; }));
  EXPECT_EQ(endpoint.connections().front().received, "");
}

TEST_F(Check, IsUnwellWhereConnectingIsRefused) {
  const std::string address = Listener().address();
  for (const Kind kind : {Kind::tcp, Kind::http, Kind::grpc}) {
    expect_unwell(ask(address, question(kind, "/")), "Connection refused");
  }
}

TEST_F(Check, IsUnwellWhereConnectingTakesTooLong) {
  HangingAddress hanging;
  for (const Kind kind : {Kind::tcp, Kind::http, Kind::grpc}) {
    expect_timeout(hanging.address(), question(kind, "/"));
  }
}

TEST_F(Check, IsUnwellWhereNothingIsAnswered) {
  expect_timeout(kSilent, question(Kind::http, "/"));
  expect_timeout(kSilent, question(Kind::http, "/", true));
  expect_timeout(kSilent, question(Kind::grpc));
}

TEST_F(Check, OfHttpAsksAsWritten) {
  ScriptedEndpoint endpoint(loop_, answer_http("HTTP/1.1 200 OK\r\n\r\n"));
  expect_well(ask(endpoint.address(), question(Kind::http, "/healthz?deep=1")));
  EXPECT_EQ(endpoint.connections().front().received,
            "GET /healthz?deep=1 HTTP/1.1\r\nHost: web.shop\r\nUser-Agent: outrigger-health-check/" OUTRIGGER_VERSION
            "\r\nConnection: close\r\n\r\n");
}

TEST_F(Check, OfHttpJudgesByTheStatus) {
  for (const char* const status : {"200 OK", "204 No Content", "301 Moved Permanently", "399 Odd"}) {
    expect_well(ask(answer_http("HTTP/1.1 "s + status + "\r\n\r\n"), question(Kind::http, "/")));
  }
  for (const char* const status : {"400", "404", "500", "503"}) {
    expect_unwell(ask(answer_http("HTTP/1.1 "s + status + " No\r\n\r\n"), question(Kind::http, "/")), status);
  }
}

TEST_F(Check, OfHttpWaitsForTheFinalAnswer) {
  const std::string interim = "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n";
  expect_well(ask(answer_http(interim + interim + "HTTP/1.1 200 OK\r\n\r\n"), question(Kind::http, "/")));
  expect_unwell(ask(answer_http(interim + "HTTP/1.1 503 No\r\n\r\n"), question(Kind::http, "/")), "503");
}

TEST_F(Check, OfHttpDoesNotSwitchProtocols) {
  expect_unwell(ask(answer_http("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"),
                    question(Kind::http, "/")),
                "101");
}

TEST_F(Check, OfHttpReadsWhatComesByteByByte) {
  const auto trickle = [](Connection& connection, const std::string& answer) {
    auto timer = std::make_shared<std::optional<fakes::FunctionTimer>>();
    connection.state = timer;
    auto* const self = timer.get();
    self->emplace(connection.loop, [&connection, answer, self, sent = std::size_t{0}]() mutable {
      if (sent < answer.size()) connection.send(std::string(1, answer[sent++]));
      (*self)->set(1ms);
    });
    (*self)->set(1ms);
  };
  const ScriptedEndpoint::Script well{
      .on_connection = [&](Connection& connection) { trickle(connection, "HTTP/1.1 200 OK\r\n\r\n"); }};
  expect_well(ask(well, question(Kind::http, "/")));
  const ScriptedEndpoint::Script slow{.on_connection = [&](Connection& connection) {
    trickle(connection, "HTTP/1.1 200 OK\r\nX: " + std::string(10'000, 'x'));
  }};
  expect_timeout(slow, question(Kind::http, "/"));
}

TEST_F(Check, OfHttpIsUnwellWhereTheAnswerIsNoHttp) {
  for (const char* const garbage : {"SSH-2.0-x\r\n", "HTTP/1.1 2xx OK\r\n\r\n", "\x15\x03\x01\r\n", "220 hello\r\n\r\n",
                                    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"}) {
    expect_unwell(ask(answer_http(garbage), question(Kind::http, "/")), "no HTTP");
  }
}

TEST_F(Check, OfHttpIsUnwellWhereTheConnectionEndsFirst) {
  const ScriptedEndpoint::Script closes{.on_bytes = [](Connection& one, std::string_view) { one.close(); }};
  expect_unwell(ask(closes, question(Kind::http, "/")), "closed without an answer");
  const ScriptedEndpoint::Script half{.on_bytes = [](Connection& one, std::string_view) {
    one.send("HTTP/1.1 200 OK\r\n");
    one.close();
  }};
  expect_unwell(ask(half, question(Kind::http, "/")), "closed without an answer");
  const ScriptedEndpoint::Script resets{.on_bytes = [](Connection& one, std::string_view) { one.reset(); }};
  expect_unwell(ask(resets, question(Kind::http, "/")), "reset");
}

TEST_F(Check, OfHttpDoesNotReadTheBody) {
  ScriptedEndpoint endpoint(loop_, answer_http("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n" +
                                               std::string(std::size_t{16} << 20, 'b')));
  expect_well(ask(endpoint.address(), question(Kind::http, "/")));
  EXPECT_TRUE(fakes::run_until(loop_, [&] { return endpoint.open() == 0; })) << "it waits for the body to be taken";
}

TEST_F(Check, OfHttpReadsLittle) {
  const std::string large = "HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'x') + "\r\n\r\n";
  expect_unwell(ask(answer_http(large), question(Kind::http, "/")), "no HTTP");
  std::string interim;
  while (interim.size() < 2 * CheckDialog::kMaxBytes) interim += "HTTP/1.1 100 Continue\r\n\r\n";
  expect_unwell(ask(answer_http(interim), question(Kind::http, "/")), "16384 bytes without an answer");
}

TEST_F(Check, OfHttpSpeaksHttp2WhereTheServiceDoes) {
  std::vector<Http2Request> requests;
  const auto script = answer_http2([&](const Http2Request& request) {
    requests.push_back(request);
    return Http2Answer{.status = static_cast<std::uint16_t>(requests.size() == 1 ? 204 : 503), .body = {}};
  });
  expect_well(ask(script, question(Kind::http, "/healthz", true)));
  expect_unwell(ask(script, question(Kind::http, "/healthz", true)), "status 503");
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(requests[0].method, "GET");
  EXPECT_EQ(requests[0].target, "/healthz");
  EXPECT_EQ(value_of(requests[0].fields, ":authority"), "web.shop");
  EXPECT_EQ(value_of(requests[0].fields, "user-agent"), kCheckUserAgent);
}

TEST_F(Check, OfGrpcAsksAsWritten) {
  std::vector<Http2Request> requests;
  const auto script = answer_http2([&](const Http2Request& request) {
    requests.push_back(request);
    return grpc_answer(kServing);
  });
  expect_well(ask(script, question(Kind::grpc, "shop.Web")));
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0].method, "POST");
  EXPECT_EQ(requests[0].target, "/grpc.health.v1.Health/Check");
  EXPECT_EQ(value_of(requests[0].fields, ":authority"), "web.shop");
  EXPECT_EQ(value_of(requests[0].fields, "content-type"), "application/grpc");
  EXPECT_EQ(value_of(requests[0].fields, "te"), "trailers");
  EXPECT_EQ(value_of(requests[0].fields, "grpc-timeout"), "20000m");
  EXPECT_EQ(requests[0].body, "\0\0\0\0\x0a\x0a\x08shop.Web"s);
}

TEST_F(Check, OfGrpcJudgesByTheServingStatus) {
  expect_well(ask_grpc(grpc_answer(kServing)));
  expect_unwell(ask_grpc(grpc_answer("\0\0\0\0\x02\x08\x02"s)), "NOT_SERVING");
  expect_unwell(ask_grpc(grpc_answer("\0\0\0\0\x02\x08\x03"s)), "SERVICE_UNKNOWN");
  expect_unwell(ask_grpc(grpc_answer("\0\0\0\0\0"s)), "UNKNOWN");
}

TEST_F(Check, OfGrpcNeedsAnOkStatus) {
  expect_unwell(ask_grpc(grpc_answer(kServing, "2")), "grpc-status 2");
  expect_unwell(ask_grpc(grpc_answer(kServing, "12")), "UNIMPLEMENTED");
  expect_unwell(ask_grpc(grpc_answer(kServing, "x")), "no grpc-status");
  expect_unwell(ask_grpc({.body = kServing, .trailers = {{"x", "y"}}}), "no grpc-status");
  expect_unwell(ask_grpc({.body = kServing}), "no grpc-status");
}

TEST_F(Check, OfGrpcReadsAnAnswerOfTrailersOnly) {
  const auto only = [](const std::string& status) {
    return Http2Answer{.fields = {{"content-type", "application/grpc"}, {"grpc-status", status}}};
  };
  expect_unwell(ask_grpc(only("12")), "UNIMPLEMENTED: the endpoint has no grpc.health.v1.Health");
  expect_unwell(ask_grpc(only("5")), "NOT_FOUND: the endpoint has no such service");
  expect_unwell(ask_grpc(only("0")), "no HealthCheckResponse");
}

TEST_F(Check, OfGrpcIsUnwellWhereTheAnswerIsNoGrpc) {
  expect_unwell(ask_grpc({.status = 503, .body = "no"}), "status 503");
  expect_unwell(ask_grpc(grpc_answer("\x01\0\0\0\x02\x08\x01"s)), "no HealthCheckResponse");
  expect_unwell(ask_grpc(grpc_answer(kServing + kServing)), "no HealthCheckResponse");
  expect_unwell(ask_grpc(grpc_answer(std::string(5'000, '\0'))), "too large");
}

TEST_F(Check, OfGrpcIsUnwellWhereTheStreamIsReset) {
  expect_unwell(ask_grpc({.reset = http::Http2Error::refused_stream}), "HTTP/2 error 7");
  expect_unwell(ask_grpc({.reset = http::Http2Error::internal_error}), "HTTP/2 error 2");
}

TEST_F(Check, OverHttp2IsUnwellWhereTheAnswerIsNoHttp2) {
  const ScriptedEndpoint::Script http1{
      .on_connection = [](Connection& one) { one.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"); }};
  expect_unwell(ask(http1, question(Kind::grpc)), "no valid HTTP/2");
  expect_unwell(ask(http1, question(Kind::http, "/", true)), "no valid HTTP/2");
  const ScriptedEndpoint::Script closes{.on_connection = [](Connection& one) { one.close(); }};
  expect_unwell(ask(closes, question(Kind::grpc)), "closed without an answer");
}

TEST_F(Check, OverHttp2ReadsLittle) {
  // Answers to PING that nobody asked for.
  const std::string ping = "\0\0\x08\x06\x01\0\0\0\0"s + "12345678";
  const ScriptedEndpoint::Script endless{.on_connection = [&](Connection& one) {
    std::string bytes = "\0\0\0\x04\0\0\0\0\0"s;
    while (bytes.size() < 2 * CheckDialog::kMaxBytes) bytes += ping;
    one.send(bytes);
  }};
  expect_unwell(ask(endless, question(Kind::grpc)), "16384 bytes without an answer");
}

TEST_F(Check, SaysNothingWhereDescriptorsHaveRunOut) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "UBSan, which is built in with ASan, needs descriptors itself";
#endif
  ScriptedEndpoint endpoint(loop_, {});
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = net::next_descriptor();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const CheckOutcome outcome = ask(endpoint.address(), question(Kind::tcp));
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(outcome.verdict, Verdict::unknown);
  EXPECT_NE(outcome.reason.find("Too many open files"), std::string::npos) << outcome.reason;
  expect_well(ask(endpoint.address(), question(Kind::tcp)));
}

TEST_F(Check, SaysNothingWhereTheLoopWasHeldUp) {
  ScriptedEndpoint endpoint(loop_, {});
  hold_up_ = 4 * kShort;
  const CheckOutcome outcome = ask(endpoint.address(), in_short(question(Kind::http, "/")));
  EXPECT_EQ(outcome.verdict, Verdict::unknown) << outcome.reason;
}

TEST_F(Check, IsOverWhenItEnds) {
  ScriptedEndpoint endpoint(loop_, {});
  bool told = false;
  auto check =
      std::make_unique<EndpointCheck>(loop_, *net::SocketAddress::parse(endpoint.address()),
                                      in_short(question(Kind::http, "/")), [&](const CheckOutcome&) { told = true; });
  ASSERT_TRUE(fakes::run_until(loop_, [&] { return endpoint.open() == 1; }));
  check.reset();
  EXPECT_TRUE(fakes::run_until(loop_, [&] { return endpoint.open() == 0; }));
  EXPECT_FALSE(told);
}

TEST(CheckQuestions, AreForTheServicesName) {
  model::EndpointSet set;
  set.service = {.service = {.ns = "shop", .name = "web"}, .port = 80};
  set.options.health_check = {.kind = Kind::http, .target = "/healthz"};
  set.options.health_check_timeout = 70ms;
  CheckQuestion question = check_question(set);
  EXPECT_EQ(question.authority, "web.shop");
  EXPECT_EQ(question.check, set.options.health_check);
  EXPECT_EQ(question.timeout, 70ms);
  EXPECT_FALSE(question.http2);
  set.service.port = 8080;
  set.options.protocol = model::Protocol::grpc;
  question = check_question(set);
  EXPECT_EQ(question.authority, "web.shop:8080");
  EXPECT_TRUE(question.http2);
}

}  // namespace
}  // namespace outrigger::check::test
