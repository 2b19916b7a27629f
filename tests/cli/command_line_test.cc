/// The program itself.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <string>

namespace outrigger::cli {
namespace {

struct Played {
  std::string printed;  ///< on stdout and stderr
  int status = -1;
};

/// `environment`: what stands before the command, in sh.
Played play(const std::string& arguments, const std::string& environment = "") {
  std::FILE* const program = popen((environment + " " OUTRIGGER " " + arguments + " 2>&1").c_str(), "r");
  Played played;
  std::array<char, 4'096> buffer{};
  while (std::fgets(buffer.data(), buffer.size(), program) != nullptr) played.printed += buffer.data();
  played.status = WEXITSTATUS(pclose(program));
  return played;
}

const std::string kScenario = OUTRIGGER_SCENARIOS "/peak-ewma-2016.yaml";

TEST(CommandLine, PlaysAScenario) {
  const Played played = play("simulate " + kScenario + " --policy random --seed 3 --rounds 2");
  EXPECT_EQ(played.status, 0) << played.printed;
  EXPECT_TRUE(played.printed.starts_with("11 backends, 1 sidecar, 60 s, seed 3 to 4: ")) << played.printed;
}

TEST(CommandLine, SaysWhatIsWrongInOneLine) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "outrigger: A subcommand is required; see --help\n"},
      {"simulate", "outrigger: SCENARIO is required; see --help\n"},
      {"simulate /none.yaml", "outrigger: /none.yaml: cannot be read: No such file or directory\n"},
      {"simulate " + kScenario + " --rounds 0", "outrigger: --rounds: Value 0 not in range 1 to 1000; see --help\n"},
  };
  for (const auto& [arguments, expected] : cases) {
    const Played refused = play(arguments);
    EXPECT_EQ(refused.status, 1) << arguments;
    EXPECT_EQ(refused.printed, expected);
  }
}

TEST(CommandLine, WithoutGnuplotSaysSo) {
  const Played refused = play("simulate " + kScenario + " --policy random --plot /dev/null", "PATH=/none");
  EXPECT_EQ(refused.status, 1);
  EXPECT_EQ(refused.printed, "outrigger: --plot: gnuplot is not on PATH; Debian's package is gnuplot-nox\n");
}

TEST(CommandLine, Helps) {
  EXPECT_EQ(play("--version").status, 0);
  const Played help = play("simulate --help");
  EXPECT_EQ(help.status, 0);
  EXPECT_NE(help.printed.find("--policy"), std::string::npos);
}

}  // namespace
}  // namespace outrigger::cli
