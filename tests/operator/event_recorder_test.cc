#include "operator/event_recorder.h"

#include <gtest/gtest.h>

#include <atomic>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <thread>

#include "fakes/certificates.h"
#include "kube/fake_api_server.h"
#include "net/http_server.h"

namespace outrigger::op {
namespace {

using namespace std::chrono_literals;

/// An API server that takes Events on a thread of its own, after as many refusals as it is told to make.
class EventSink {
 public:
  explicit EventSink(std::vector<std::uint16_t> refusals = {}) : refusals_(std::move(refusals)) {
    const fakes::Identity identity = authority_.issue();
    auto context = net::server_context(net::TlsFiles{folder_.write("crt", identity.certificate),
                                                     folder_.write("key", identity.key),
                                                     folder_.write("ca", authority_.certificate())});
    auto listener = net::listen_on(*net::SocketAddress::parse("127.0.0.1:0"), false);
    CHECK(context && listener);
    config_.server = "https://" + net::local_address(listener->get())->text();
    config_.ca_pem = authority_.certificate();
    config_.client_certificate_pem = identity.certificate;
    config_.client_key_pem = identity.key;
    server_.emplace(loop_, std::move(*listener), *context, [this](net::HttpExchange& exchange) { handle(exchange); });
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~EventSink() {
    loop_.stop();
    thread_.join();
  }

  const kube::Config& config() const { return config_; }
  /// Messages of the Events taken, once there are `count`.
  std::vector<std::string> messages(std::size_t count) {
    std::unique_lock lock(mutex_);
    arrived_.wait_for(lock, 20s, [&] { return messages_.size() >= count; });
    return messages_;
  }
  int requests() const { return requests_; }

 private:
  void handle(net::HttpExchange& exchange) {
    body_.clear();
    exchange.on_body = [this](std::string_view bytes) { body_ += bytes; };
    exchange.on_body_end = [this, &exchange] { answer(exchange); };
    exchange.on_end = [] {};
  }
  void answer(net::HttpExchange& exchange) {
    const auto request = static_cast<std::size_t>(requests_++);
    EXPECT_EQ(exchange.path(), "/api/v1/namespaces/shop/events");
    EXPECT_EQ(exchange.method(), "POST");
    if (request < refusals_.size()) return exchange.respond(refusals_[request], "application/json", "{}");
    const auto event = nlohmann::json::parse(body_);
    const bool is_new = names_.insert(event["metadata"]["name"].get<std::string>()).second;
    exchange.respond(is_new ? 201 : 409, "application/json", "{}");
    if (!is_new) return;
    const std::lock_guard lock(mutex_);
    messages_.push_back(event["message"]);
    arrived_.notify_all();
  }

  fakes::CertificateAuthority authority_;
  fakes::TemporaryFolder folder_;
  kube::Config config_;
  std::vector<std::uint16_t> refusals_;
  std::string body_;  ///< the loop's, as is names_: one client, one exchange at a time
  std::set<std::string> names_;
  std::atomic<int> requests_{0};
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<std::string> messages_;
  net::EventLoop loop_;
  std::optional<net::HttpServer> server_;
  std::thread thread_;
};

AnnotationProblem problem(const std::string& value) {
  return {kube::Kind::service, {"shop", "web"}, "1", {"outrigger.dev/policy", value, "'" + value + "' is not allowed"}};
}

bool leads() { return true; }

TEST(EventRecorder, TellsEachProblemOnce) {
  EventSink sink;
  kube::RequestCounts counts;
  EventRecorder recorder(sink.config(), counts, leads);
  for (const char* value : {"x", "x", "y"}) recorder.record(problem(value));
  EXPECT_EQ(sink.messages(2), (std::vector<std::string>{"outrigger.dev/policy: 'x' is not allowed",
                                                        "outrigger.dev/policy: 'y' is not allowed"}));
  EXPECT_EQ(sink.requests(), 3);
}

TEST(EventRecorder, TriesAgainWhenTheServerIsUnwell) {
  EventSink sink({503, 429, 500});
  kube::RequestCounts counts;
  EventRecorder recorder(sink.config(), counts, leads, 1ms);
  recorder.record(problem("x"));
  EXPECT_EQ(sink.messages(1).size(), 1u);
  EXPECT_EQ(sink.requests(), 4);
}

TEST(EventRecorder, GivesUpWhatIsRefusedAndGoesOnWithTheNext) {
  EventSink sink({403});
  kube::RequestCounts counts;
  EventRecorder recorder(sink.config(), counts, leads, 1ms);
  recorder.record(problem("x"));
  recorder.record(problem("y"));
  EXPECT_EQ(sink.messages(1), std::vector<std::string>{"outrigger.dev/policy: 'y' is not allowed"});
  EXPECT_EQ(sink.requests(), 2);
}

TEST(EventRecorder, KeepsWhatIsNotMendedUntilItLeads) {
  EventSink sink;
  kube::RequestCounts counts;
  std::atomic<bool> leading{false};
  EventRecorder recorder(
      sink.config(), counts, [&] { return leading.load(); }, 1ms);
  for (const char* value : {"x", "y", "z"}) recorder.record(problem(value));
  recorder.forget(problem("y"));
  recorder.wake();
  EXPECT_EQ(sink.requests(), 0);
  leading = true;
  recorder.wake();
  EXPECT_EQ(sink.messages(2), (std::vector<std::string>{"outrigger.dev/policy: 'x' is not allowed",
                                                        "outrigger.dev/policy: 'z' is not allowed"}));
  leading = false;
  recorder.record(problem("a"));
  leading = true;
  recorder.record(problem("b"));
  EXPECT_EQ(sink.messages(4).size(), 4u);
  EXPECT_EQ(sink.requests(), 4);
}

TEST(EventRecorder, TriesNoMoreWhatHasBeenMendedMeanwhile) {
  EventSink sink({503});
  kube::RequestCounts counts;
  EventRecorder recorder(sink.config(), counts, leads, 1h);
  recorder.record(problem("x"));
  while (sink.requests() == 0) std::this_thread::yield();
  recorder.record(problem("y"));
  recorder.forget(problem("x"));
  EXPECT_EQ(sink.messages(1), std::vector<std::string>{"outrigger.dev/policy: 'y' is not allowed"});
  EXPECT_EQ(sink.requests(), 2);
}

TEST(EventRecorder, TriesAnewWhenItLeadsAgain) {
  // Too many refusals for one leader's attempts.
  EventSink sink({503, 503, 503, 503, 503});
  kube::RequestCounts counts;
  std::atomic<bool> lost{false};
  const auto leads_but_once_after_the_first_try = [&] { return sink.requests() == 0 || lost.exchange(true); };
  EventRecorder recorder(sink.config(), counts, leads_but_once_after_the_first_try, 1ms);
  recorder.record(problem("x"));
  EXPECT_EQ(sink.messages(1).size(), 1u);
  EXPECT_EQ(sink.requests(), 6);
}

TEST(EventRecorder, WaitsAsLongAsTheServerAsks) {
  kube::FakeApiServer server({[](kube::Exchange& exchange) { exchange.reply(429, "{}", "Retry-After: 1\r\n"); }});
  kube::RequestCounts counts;
  EventRecorder recorder(server.config(), counts, leads, 1ms);
  recorder.record(problem("x"));
  const auto requests = server.requests(2);
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_GE(requests[1].arrived_at - requests[0].arrived_at, 1s);
}

TEST(EventRecorder, EndsAtOnceWhileItWaitsToTryAgain) {
  EventSink sink({503, 503});
  kube::RequestCounts counts;
  const auto start = std::chrono::steady_clock::now();
  {
    EventRecorder recorder(sink.config(), counts, leads, 1h);
    for (std::size_t i = 0; i < 2 * EventRecorder::kMaxWaiting; ++i) recorder.record(problem(std::to_string(i)));
    while (sink.requests() == 0) std::this_thread::yield();
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, 60s);
}

}  // namespace
}  // namespace outrigger::op
