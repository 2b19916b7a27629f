#include "cli/service_status.h"

#include <gtest/gtest.h>

#include "cli/command.h"
#include "cli/status_report.h"

namespace outrigger::cli {
namespace {

const std::string kVersion = "outrigger_build_info{version=\"1.0\"} 1\n";

/// One sidecar's page, with one backend of shop/web:80.
std::string page(const std::string& address, const std::string& state, double latency, double successes,
                 const std::string& more = "") {
  const std::string of = "service=\"shop/web:80\",backend=\"" + address + "\"";
  return kVersion + "outrigger_panic{service=\"shop/web:80\"} 0\n" +
         "outrigger_requests_total{service=\"shop/web:80\",code=\"200\"} 7\n"
         "outrigger_requests_total{service=\"shop/web:80\",code=\"503\"} 2\n" +
         "outrigger_backend_weight{" + of + "} 3\noutrigger_backend_effective_weight{" + of + "} 1.5\n" +
         "outrigger_backend_in_flight{" + of + "} 4\noutrigger_backend_latency_ewma_seconds{" + of + "} " +
         std::to_string(latency) + "\noutrigger_backend_requests_total{" + of + ",outcome=\"success\"} " +
         std::to_string(successes) + "\noutrigger_backend_state{" + of + ",state=\"" + state + "\"} 1\n" + more;
}

SidecarReading reading(const std::string& metrics) {
  auto read = read_sidecar(metrics);
  EXPECT_TRUE(read) << read.error().text;
  return read ? *std::move(read) : SidecarReading{};
}

ServiceQuery query(const std::string& text) {
  auto parsed = ServiceQuery::parse(text, "shop");
  EXPECT_TRUE(parsed) << parsed.error().text;
  return *parsed;
}

TEST(SidecarReading, TakesTheWorstOfItsWorkersStates) {
  const std::string of = "service=\"shop/web:80\",backend=\"10.0.0.1:80\",state=";
  const SidecarReading read = reading(kVersion + "outrigger_feed_connected 0\noutrigger_backend_state{" + of +
                                      "\"ready\"} 0.5\noutrigger_backend_state{" + of +
                                      "\"ejected\"} 0.5\noutrigger_backend_state{" + of + "\"draining\"} 0\n");
  EXPECT_EQ(read.version, "1.0");
  EXPECT_EQ(read.feed_connected, false);
  const BackendReading& backend = read.services.at("shop/web:80").backends.at("10.0.0.1:80");
  EXPECT_STREQ(kStates.at(*backend.state), "ejected");
  EXPECT_FALSE(backend.usable());
  EXPECT_EQ(reading(kVersion).feed_connected, std::nullopt);
}

TEST(SidecarReading, LeavesOutWhatNoSidecarSays) {
  const SidecarReading read =
      reading(kVersion + "outrigger_requests_total{service=\"shop/web:80\",code=\"200\"} NaN\n" +
              "outrigger_requests_total{service=\"shop/web:80\",code=\"200\"} -5\n" +
              "outrigger_backend_weight{service=\"shop/web:80\"} 1\noutrigger_backend_weight{backend=\"a\"} 1\n" +
              "outrigger_backend_weight{service=\"" + std::string(600, 's') + "\",backend=\"a\"} 1\n" +
              "outrigger_backend_state{service=\"shop/web:80\",backend=\"a\",state=\"odd\"} 1\n");
  ASSERT_EQ(read.services.size(), 1u);
  EXPECT_EQ(read.services.at("shop/web:80").requests, 0);
  EXPECT_EQ(read.services.at("shop/web:80").backends.at("a").state, std::nullopt);
}

TEST(SidecarReading, RefusesAPageThatIsNoSidecars) {
  EXPECT_EQ(read_sidecar("<html>").error().text, "/metrics: line 1 is not of the Prometheus format");
  EXPECT_EQ(read_sidecar("go_goroutines 3\n").error().text,
            "/metrics: there is no outrigger_build_info: no sidecar answers there");
  std::string many = kVersion;
  for (std::size_t i = 0; i <= kMaxServices; ++i) {
    many += "outrigger_panic{service=\"a/b" + std::to_string(i) + ":80\"} 0\n";
  }
  EXPECT_EQ(read_sidecar(many).error().text, "/metrics: more Services and backends than a sidecar may know");
}

TEST(ServiceQuery, TakesItsNamespaceFromTheTextOrElse) {
  EXPECT_EQ(query("web").text(), "shop/web");
  EXPECT_EQ(query("web:81").text(), "shop/web:81");
  EXPECT_EQ(query("other/web:81").text(), "other/web:81");
  EXPECT_TRUE(query("web").matches("shop/web:80"));
  EXPECT_FALSE(query("web").matches("other/web:80"));
  EXPECT_FALSE(query("web").matches("shop/web2:80"));
  EXPECT_FALSE(query("web").matches("shop/web"));
  EXPECT_FALSE(query("web:81").matches("shop/web:80"));
  for (const std::string text : {"", "/", "a/", "/a", "a:0", "a:65536", "a:x", "a/b/c", "A", "a b", "a:"}) {
    const auto parsed = ServiceQuery::parse(text, "shop");
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().text,
              "'" + text + "' is not allowed; allowed: NAME, NAMESPACE/NAME, NAME:PORT or NAMESPACE/NAME:PORT");
  }
}

TEST(StatusCollector, SumsOverSidecars) {
  StatusCollector collector(query("web"));
  collector.add(reading(page("10.0.0.1:80", "ready", 0.004, 10)));
  collector.add(reading(page("10.0.0.1:80", "ejected", 0.002, 5,
                             "outrigger_backend_requests_total{service=\"shop/web:80\",backend=\"10.0.0.1:80\",outcome="
                             "\"reset\"} 2\noutrigger_backend_ejections_total{service=\"shop/web:80\",backend=\"10.0.0."
                             "1:80\",reason=\"success-rate\"} 1\n")));
  collector.add(reading(page("10.0.0.1:80", "warming", 0.003, 1)));
  collector.add(reading(kVersion));
  EXPECT_EQ(collector.sidecars(), 4u);
  const ServiceStatus& service = collector.services().at("shop/web:80");
  EXPECT_EQ(service.sidecars, 3u);
  EXPECT_EQ(service.requests, 27);
  EXPECT_EQ(service.server_errors, 6);
  EXPECT_EQ(service.ready(), 1u);
  EXPECT_EQ(service.tries(), 18);
  EXPECT_EQ(service.failed_tries(), 2);
  const BackendStatus& backend = service.backends.at("10.0.0.1:80");
  EXPECT_EQ(backend.states, (std::array<std::size_t, 6>{0, 0, 0, 1, 1, 1}));
  EXPECT_EQ(backend.in_flight, 12);
  EXPECT_EQ(backend.median_latency(), 0.003);
  EXPECT_EQ(backend.ejections.at("success-rate"), 1);
}

TEST(StatusCollector, ABackendIsReadyWhereHalfOfTheSidecarsUseIt) {
  StatusCollector collector(query("web"));
  collector.add(reading(page("10.0.0.1:80", "ready", 0, 0)));
  collector.add(reading(page("10.0.0.1:80", "unreachable", 0, 0)));
  EXPECT_EQ(collector.services().at("shop/web:80").ready(), 1u);
  collector.add(reading(page("10.0.0.1:80", "unreachable", 0, 0)));
  EXPECT_EQ(collector.services().at("shop/web:80").ready(), 0u);
}

StatusReport report_of(std::optional<ServiceQuery> asked, const std::vector<std::string>& pages) {
  StatusCollector collector(asked);
  for (const std::string& metrics : pages) collector.add(reading(metrics));
  return {.query = asked, .injected = pages.size(), .read = pages.size(), .services = collector.services()};
}

TEST(StatusReport, ShowsServicesAndABackendsStates) {
  const std::vector<std::string> pages{page("10.0.0.1:80", "ready", 0.004, 10),
                                       page("10.0.0.1:80", "ejected", 0.002, 5)};
  EXPECT_EQ(table_text(report_of(std::nullopt, pages)),
            "SERVICE      SIDECARS  BACKENDS  REQUESTS  5XX  TRIES  FAILED  PANIC\n"
            "shop/web:80         2       1/1        18    4     15       0      -\n");
  EXPECT_EQ(table_text(report_of(query("web"), pages)),
            "shop/web:80  sidecars 2, backends ready 1/1, requests 18, 5xx 4\n"
            "  BACKEND      STATE               NOT WELL  EJECTIONS  SIDECARS  WEIGHT  EFFECTIVE  IN-FLIGHT  EWMA-MS  "
            "TRIES\n"
            "  10.0.0.1:80  1 ejected, 1 ready  -         -                 2       3        1.5          8    2.000  "
            "   15\n");
  const auto json = nlohmann::json::parse(json_text(report_of(query("web"), pages)));
  const auto& service = json.at("services").at(0);
  EXPECT_EQ(service.at("name"), "shop/web:80");
  EXPECT_EQ(service.at("backends").at(0).at("states"), (nlohmann::json{{"ejected", 1}, {"ready", 1}}));
  EXPECT_EQ(service.at("backends").at(0).at("tries").at("success"), 15);
  EXPECT_FALSE(
      nlohmann::json::parse(json_text(report_of(std::nullopt, pages))).at("services").at(0).contains("backends"));
}

TEST(StatusReport, NoNameCanMoveTheTerminalsCursor) {
  const StatusReport report =
      report_of(query("web"), {page("\x1b[2J\\n\x9b\x7f", "ready", 0, 0), page("10.0.0.1:80", "ready", 0, 0)});
  for (const char c : table_text(report)) EXPECT_TRUE(c == '\n' || (c >= ' ' && c < '\x7f')) << int(c);
  for (const char c : json_text(report)) EXPECT_TRUE(c == '\n' || c >= ' ') << int(c);
}

TEST(StatusReport, EndsAsIsDocumented) {
  const std::string well = page("10.0.0.1:80", "ready", 0, 0);
  const std::string ill = page("10.0.0.1:80", "unhealthy", 0, 0);
  EXPECT_EQ(status_of(report_of(std::nullopt, {ill})), 0);
  EXPECT_EQ(status_of(report_of(query("web"), {well})), 0);
  EXPECT_EQ(status_of(report_of(query("web"), {ill})), kProblems);
  EXPECT_EQ(status_of(report_of(query("other"), {well})), kProblems);
  EXPECT_EQ(status_of(report_of(query("web"), {})), kProblems);
  EXPECT_EQ(status_of(report_of(std::nullopt, {})), 0);
  StatusReport unread = report_of(std::nullopt, {});
  unread.injected = 1;
  unread.unread = {{"shop/a", "no\nanswer"}};
  EXPECT_EQ(status_of(unread), kUnable);
  EXPECT_EQ(complaints_text(unread), "outrigger: not read: shop/a: no?answer\n");
  EXPECT_EQ(complaints_text(report_of(query("other"), {well})),
            "outrigger: no sidecar uses shop/other; 1 of 1 were read\n");
}

TEST(StatusReport, ShowsNoMoreReasonsThanATerminalHasLines) {
  StatusReport report{.query = std::nullopt, .injected = 50, .read = 25};
  for (int i = 0; i < 25; ++i) report.unread.emplace("shop/" + std::to_string(i), "gone");
  EXPECT_TRUE(complaints_text(report).find("outrigger: not read: 5 more\n") != std::string::npos);
}

}  // namespace
}  // namespace outrigger::cli
