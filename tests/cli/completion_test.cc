#include "cli/completion.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>

#include "fakes/certificates.h"

namespace outrigger::cli {
namespace {

std::string printed_by(const std::string& command) {
  std::FILE* const program = popen((command + " 2>&1").c_str(), "r");
  std::string printed;
  std::array<char, 4'096> buffer{};
  while (std::fgets(buffer.data(), buffer.size(), program) != nullptr) printed += buffer.data();
  EXPECT_EQ(pclose(program), 0) << printed;
  return printed;
}

class Completion : public testing::Test {
 protected:
  Completion() {
    folder_.write("here.yaml", "");
    folder_.write("complete.bash",
                  "source <(" OUTRIGGER " completion bash)\ncd " + folder_.path().string() +
                      "\nCOMP_WORDS=(outrigger \"$@\")\nCOMP_CWORD=$#\n_outrigger outrigger 2>/dev/null\n"
                      "printf '%s ' \"${COMPREPLY[@]}\"\n");
  }

  /// What bash offers for the last of `words`.
  std::string offered(const std::string& words) const {
    std::string printed = printed_by("bash " + folder_.path().string() + "/complete.bash " + words);
    printed.erase(printed.find_last_not_of(' ') + 1);
    return printed;
  }

  fakes::TemporaryFolder folder_;
};

TEST_F(Completion, OffersSubcommandsThenTheirOptions) {
  EXPECT_EQ(offered("ch"), "check");
  EXPECT_EQ(offered("s"), "status simulate");
  EXPECT_EQ(offered("--v"), "--version");
  EXPECT_EQ(offered("check --p"), "--pre");
  EXPECT_EQ(offered("status --pod"), "--pod-namespace");
  EXPECT_EQ(offered("check --pod"), "");
}

TEST_F(Completion, OffersWhatAnOptionOrAPlaceAllows) {
  EXPECT_EQ(offered("check -o ''"), "table json");
  EXPECT_EQ(offered("check --output j"), "json");
  EXPECT_EQ(offered("check --output = j"), "json");
  EXPECT_EQ(offered("check --output ="), "table json");
  EXPECT_EQ(offered("completion ''"), "bash zsh fish");
  EXPECT_EQ(offered("check --kubeconfig he"), "here.yaml");
  EXPECT_EQ(offered("simulate he"), "here.yaml");
  EXPECT_EQ(offered("check -n ''"), "");
}

TEST_F(Completion, KnowsAllThatTheParserKnows) {
  for (const char* const subcommand : {"check", "status", "version", "simulate", "completion"}) {
    const std::string help = printed_by(OUTRIGGER " " + std::string(subcommand) + " --help");
    const std::string options = offered(std::string(subcommand) + " -");
    for (std::size_t at = help.find(" --"); at != std::string::npos; at = help.find(" --", at + 1)) {
      const std::size_t end = help.find_first_of(" =\n,", at + 1);
      EXPECT_NE((" " + options + " ").find(help.substr(at, end - at) + " "), std::string::npos)
          << subcommand << help.substr(at, end - at);
    }
  }
}

TEST_F(Completion, IsAScriptThatItsShellCanRead) {
  for (const std::string shell : {"bash", "zsh", "fish"}) {
    const std::string script = folder_.path().string() + "/script." + shell;
    printed_by(OUTRIGGER " completion " + shell + " > " + script);
    printed_by(shell + " -n " + script);
  }
}

TEST_F(Completion, OffersTheSameInFish) {
  const auto offered_by_fish = [](const std::string& line) {
    return printed_by("fish --no-config -c '" OUTRIGGER " completion fish | source; complete -C \"outrigger " + line +
                      "\"' | cut -f 1 | tr '\\n' ' '");
  };
  EXPECT_EQ(offered_by_fish("ch"), "check ");
  EXPECT_EQ(offered_by_fish("check --p"), "--pre ");
  EXPECT_EQ(offered_by_fish("check -o "), "json table ");
}

TEST(CompletionScript, QuotesWhatDescriptionsSay) {
  CLI::App app("It's [one]: $HOME", "program");
  bool fast = false;
  app.add_subcommand("go", "It's [one]: $HOME")->add_flag("--fast", fast, "it's [one]: $HOME");
  EXPECT_NE(completion_script(app, Shell::zsh).find("'(--fast)--fast[it'\\''s \\[one\\]\\: $HOME]'"),
            std::string::npos);
  EXPECT_NE(completion_script(app, Shell::fish).find("-a go -d 'It'\\''s [one]: $HOME'"), std::string::npos);
}

}  // namespace
}  // namespace outrigger::cli
