#include "integration/process.h"

#include <gtest/gtest.h>

#include <csignal>

namespace outrigger::integration {
namespace {

TEST(Process, ShowsLinesAndExitStatus) {
  Process shell({"sh", "-c", "echo one; echo two >&2; exit 3"});
  EXPECT_TRUE(shell.wait_for_line([](const std::string& line) { return line == "two"; }));
  EXPECT_FALSE(shell.wait_for_line([](const std::string& line) { return line == "three"; }));
  EXPECT_EQ(shell.wait_for_end(), 3);
  EXPECT_EQ(shell.lines(), (std::vector<std::string>{"one", "two"}));
}

TEST(Process, TellsTheSignalThatEndedIt) {
  Process sleeper({"sleep", "600"});
  EXPECT_EQ(sleeper.wait_for_end(std::chrono::milliseconds(0)), std::nullopt);
  sleeper.signal(SIGTERM);
  EXPECT_EQ(sleeper.wait_for_end(), -SIGTERM);
}

TEST(Process, SaysWhenTheProgramIsNotThere) {
  Process missing({"/nowhere/program"});
  EXPECT_EQ(missing.wait_for_end(), 127);
}

}  // namespace
}  // namespace outrigger::integration
