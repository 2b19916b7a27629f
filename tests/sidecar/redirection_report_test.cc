#include "sidecar/redirection_report.h"

#include <gtest/gtest.h>

#include "fakes/certificates.h"

namespace outrigger::sidecar {
namespace {

TEST(RedirectionReport, SaysWhetherConnectionsAreRedirected) {
  const fakes::TemporaryFolder folder;
  EXPECT_EQ(read_redirection(folder.write("a", "redirected\n")).value(), true);
  EXPECT_EQ(read_redirection(folder.write("b", "not redirected: no nf_tables\n")).value(), false);
}

TEST(RedirectionReport, IsNotGuessedAt) {
  const fakes::TemporaryFolder folder;
  const std::string absent = folder.path().string() + "/absent";
  EXPECT_EQ(read_redirection(absent).error().text, absent + ": cannot be read");
  for (const std::string text : {"", "redirected or not\n", "not redirected\n"}) {
    const std::string file = folder.write("a", text);
    EXPECT_FALSE(read_redirection(file)) << text;
  }
  const std::string file = folder.write("a", "maybe\n");
  EXPECT_EQ(read_redirection(file).error().text,
            file + ": 'maybe' is not allowed; allowed: redirected, or not redirected: REASON");
  const std::string endless = folder.write("a", std::string(1 << 20, 'a'));
  EXPECT_FALSE(read_redirection(endless));
}

}  // namespace
}  // namespace outrigger::sidecar
