#include <gtest/gtest.h>

#include "integration/http_connection.h"
#include "integration/spine.h"

namespace outrigger::integration {
namespace {

/// What promtool has to say against a text; empty for nothing.
std::string problems(const std::string& metrics) {
  const fakes::TemporaryFolder folder;
  Process promtool({"sh", "-c", "promtool check metrics < " + folder.write("metrics", metrics)});
  const auto status = promtool.wait_for_end();
  std::string said = status == 0 ? "" : "exit status " + std::to_string(status.value_or(-1)) + '\n';
  for (const std::string& line : promtool.lines()) said += line + '\n';
  return said;
}

TEST(Exposition, OfBothProgramsIsCleanToPromtool) {
  ApiServer server;
  Spine spine(server, EndpointsSource::slices);
  spine.set_members({"a", "b"});
  ASSERT_TRUE(spine.sidecar_has({{"a", 1}, {"b", 1}}));
  HttpConnection client(spine.address());
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(client.get("/"));

  EXPECT_EQ(problems(spine.sidecar().metrics()), "");
  EXPECT_EQ(problems(spine.feeder().metrics()), "");
  EXPECT_NE(problems("outrigger_requests 1\n"), "") << "promtool sees nothing at all";
}

}  // namespace
}  // namespace outrigger::integration
