#include "kube/exec_credential.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <fstream>

#include "fakes/certificates.h"
#include "kube/client.h"
#include "kube/fake_api_server.h"

namespace outrigger::kube {
namespace {

using namespace std::chrono_literals;

constexpr const char* kV1 = "client.authentication.k8s.io/v1";

class ExecCredentials : public testing::Test {
 protected:
  ExecPlugin shell(const std::string& script) const {
    return {.api_version = kV1,
            .command = "sh",
            .arguments = {"-c", script},
            .environment = {{"FOLDER", folder.path().string()}},
            .install_hint = {},
            .interactive = ExecPlugin::Interactive::never,
            .cluster_json = {}};
  }

  /// Counts its runs and answers with the number, valid until what `date` makes of `end`; absent if that is empty.
  ExecPlugin counting(const std::string& end) const {
    const std::string expiry = end.empty() ? "" : ",\"expirationTimestamp\":\"'$(" + end + ")'\"";
    return shell("echo run >> $FOLDER/runs; echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"" + std::string(kV1) +
                 "\",\"status\":{\"token\":\"'$(wc -l < $FOLDER/runs)'\"" + expiry + "}}'");
  }

  std::string error(const std::string& script) const {
    ExecCredential credential(shell(script));
    const auto token = credential.token();
    return token ? "the token " + *token : token.error().text;
  }

  static std::string answer(const std::string& rest) {
    return "echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"" + std::string(kV1) + "\"" + rest + "}'";
  }

  const fakes::TemporaryFolder folder;
};

TEST_F(ExecCredentials, ATokenIsKeptUntilItsEndIsNear) {
  for (const std::string end :
       {"", "date -u -d '+1 hour' +%Y-%m-%dT%H:%M:%SZ", "TZ=UTC-2 date -d '+1 hour' +%Y-%m-%dT%H:%M:%S.123456789%:z"}) {
    ExecCredential lasting(counting(end));
    const std::string token = lasting.token().value();
    EXPECT_EQ(lasting.token().value(), token) << end;
  }
  ExecCredential ending(counting("date -u -d '+9 seconds' +%Y-%m-%dT%H:%M:%SZ"));
  EXPECT_EQ(ending.token().value(), "4");
  EXPECT_EQ(ending.token().value(), "5");
}

TEST_F(ExecCredentials, ErrorsSayWhatIsWrongAndNothingOfWhatItPrinted) {
  EXPECT_EQ(error("exit 3"), "exec: sh: ended with status 3");
  EXPECT_EQ(error("kill -TERM $$"), "exec: sh: ended by signal Terminated");
  EXPECT_EQ(error("echo secret"), "exec: sh: its answer is not allowed; allowed: an ExecCredential in JSON");
  EXPECT_EQ(error("echo '{\"kind\":\"Secret\"}'"),
            "exec: sh: its answer is not allowed; allowed: an ExecCredential in JSON");
  EXPECT_EQ(error("echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"secret\"}'"),
            "exec: sh: its answer's apiVersion is not allowed; allowed: client.authentication.k8s.io/v1");
  const std::string none = "exec: sh: its answer has no status.token, the only credential that is supported";
  EXPECT_EQ(error(answer("")), none);
  EXPECT_EQ(error(answer(",\"status\":null")), none);
  EXPECT_EQ(error(answer(",\"status\":[]")), none);
  EXPECT_EQ(error(answer(",\"status\":{\"token\":7}")), none);
  EXPECT_EQ(error(answer(",\"status\":{\"clientCertificateData\":\"secret\"}")), none);
  for (const std::string end : {"tomorrow", "2026-11-28", "2026-11-28T13:00:00", "2026-11-28T13:00:00Z!"}) {
    EXPECT_EQ(error(answer(",\"status\":{\"token\":\"secret\",\"expirationTimestamp\":\"" + end + "\"}")),
              "exec: sh: its answer's status.expirationTimestamp is not allowed; allowed: RFC 3339");
  }
}

TEST_F(ExecCredentials, AnAnswerHasItsBounds) {
  EXPECT_EQ(error("exec yes secret"), "exec: sh: its answer is longer than 1 MiB");
}

TEST_F(ExecCredentials, WhatTakesTooLongIsKilled) {
  for (const std::string script : {"exec sleep 600", "exec >&-; exec sleep 600"}) {
    ExecCredential credential(shell("echo $$ > $FOLDER/pid; " + script), 300ms);
    EXPECT_EQ(credential.token().error().text, "exec: sh: takes too long");
    pid_t child = 0;
    std::ifstream(folder.path() / "pid") >> child;
    EXPECT_EQ(::kill(child, 0), -1) << script;
    EXPECT_EQ(errno, ESRCH) << script;
  }
}

TEST_F(ExecCredentials, ItsVariablesWinOverOurs) {
  ASSERT_EQ(::setenv("OUTRIGGER_TEST_HOME", "ours", 1), 0);
  ExecPlugin plugin =
      shell(answer(",\"status\":{\"token\":\"'$OUTRIGGER_TEST_HOME-$(env | grep -c OUTRIGGER_TEST_HOME)'\"}"));
  EXPECT_EQ(ExecCredential(plugin).token().value(), "ours-1");
  plugin.environment.emplace_back("OUTRIGGER_TEST_HOME", "theirs");
  EXPECT_EQ(ExecCredential(plugin).token().value(), "theirs-1");
}

TEST_F(ExecCredentials, OfAProgramThatIsNotThereTheHintIsShown) {
  ExecPlugin plugin = shell("");
  plugin.command = "no-such-program";
  EXPECT_EQ(ExecCredential(plugin).token().error().text,
            "exec: no-such-program: cannot be run: No such file or directory");
  plugin.install_hint = "Get it from the shop.";
  EXPECT_EQ(ExecCredential(plugin).token().error().text,
            "exec: no-such-program: cannot be run: No such file or directory; Get it from the shop.");
}

TEST_F(ExecCredentials, WhatMustAskNeedsATerminal) {
  ExecPlugin plugin = counting("");
  plugin.interactive = ExecPlugin::Interactive::always;
  const int input = ::dup(STDIN_FILENO);
  const int nothing = ::open("/dev/null", O_RDONLY);
  ::dup2(nothing, STDIN_FILENO);
  EXPECT_EQ(ExecCredential(plugin).token().error().text, "exec: sh: needs a terminal (interactiveMode)");
  ::dup2(input, STDIN_FILENO);
  ::close(input);
  ::close(nothing);
}

TEST_F(ExecCredentials, ItsSignalsAreAsTheyWereBeforeTheClient) {
  RequestCounts counts;
  Client ignores_sigpipe({}, counts);
  EXPECT_EQ(error("kill -PIPE $$; exit 7"), "exec: sh: ended by signal Broken pipe");
}

TEST_F(ExecCredentials, RequestsBearTheToken) {
  FakeApiServer server({[](Exchange& exchange) { exchange.reply(200, "{}"); }});
  Config config = server.config();
  config.exec = std::make_shared<ExecCredential>(counting(""));
  RequestCounts counts;
  Client client(config, counts);
  ASSERT_TRUE(client.get("/a"));
  EXPECT_EQ(server.requests(1)[0].headers["authorization"], "Bearer 1");
  config.exec = std::make_shared<ExecCredential>(shell("exit 1"));
  EXPECT_EQ(Client(config, counts).get("/a").error().text, "exec: sh: ended with status 1");
}

TEST_F(ExecCredentials, TimeForARequestBeginsAfterTheLogin) {
  FakeApiServer server({[](Exchange& exchange) { exchange.reply(200, "{}"); }});
  Config config = server.config();
  ExecPlugin slow = counting("");
  slow.arguments[1] = "sleep 1.2; " + slow.arguments[1];
  config.exec = std::make_shared<ExecCredential>(slow);
  RequestCounts counts;
  Client client(config, counts);
  client.set_timeout(1s);
  EXPECT_TRUE(client.get("/a"));
}

}  // namespace
}  // namespace outrigger::kube
