#include <fmt/format.h>

#include <algorithm>

#include "integration/conformance.h"

namespace outrigger::integration {
namespace {

/// What h2spec has to say at its end about the cases that failed, one string a case, such as "× 2: Sends invalid
/// connection preface".
std::vector<std::string> failed_cases(const std::vector<std::string>& lines) {
  std::vector<std::string> failed;
  for (auto line = std::find(lines.begin(), lines.end(), "Failures: "); line != lines.end(); ++line) {
    const std::size_t cross = line->find("× ");
    if (cross != std::string::npos) failed.push_back(line->substr(cross));
  }
  return failed;
}

/// h2spec, with the cases that it calls strict, against HTTP/1.1 and HTTP/2 endpoints of a sidecar.
class H2spec : public ::testing::TestWithParam<Route> {};

TEST_P(H2spec, PassesEveryCase) {
  const ConformanceServer server({conformance_tool("echo-server")});
  const Way way(GetParam(), {server.address()});
  std::vector<std::string> command{conformance_tool("h2spec"), "--strict", "--timeout", "5", "--port", way.port()};
  // Go's server is lenient in some of the other cases.
  if (!GetParam().sidecar) command.push_back("generic");
  Process h2spec(command);
  h2spec.wait_for_end();

  const std::vector<std::string> lines = h2spec.lines();
  std::vector<std::string> expected;
  // To such a listener what is no preface is no HTTP/2: the client gets an answer of HTTP/1.1, which h2spec cannot
  // read.
  if (GetParam().sidecar && GetParam().sidecar->listener == "auto") {
    expected.push_back("× 2: Sends invalid connection preface");
  }
  EXPECT_EQ(failed_cases(lines), expected);
  const std::size_t cases = GetParam().sidecar ? 146 : 44;
  ASSERT_FALSE(lines.empty());
  EXPECT_EQ(lines.back(),
            fmt::format("{} tests, {} passed, 0 skipped, {} failed", cases, cases - expected.size(), expected.size()));
}

INSTANTIATE_TEST_SUITE_P(Over, H2spec,
                         ::testing::Values(kDirect, through_sidecar("http2", "http2"), through_sidecar("http2", "http"),
                                           through_sidecar("auto", "http2"), through_sidecar("auto", "http")),
                         route_name);

}  // namespace
}  // namespace outrigger::integration
