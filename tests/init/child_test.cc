#include "init/child.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>

namespace outrigger::init {
namespace {

constexpr std::chrono::seconds kLong{60};

std::string problem(const std::function<bool()>& work, std::chrono::seconds deadline = kLong) {
  const auto done = in_child(work, deadline);
  return done ? "none" : done.error().text;
}

TEST(InChild, SucceedsWhenTheWorkDoes) {
  bool here = false;
  EXPECT_EQ(problem([&here] { return here = true; }), "none");
  EXPECT_FALSE(here);
}

TEST(InChild, TellsWhatTheWorkSaid) {
  EXPECT_EQ(problem([] {
              std::cerr << "first\nnetlink: Error: no such thing\n  ^^^^\n";
              return false;
            }),
            "netlink: Error: no such thing");
  EXPECT_EQ(problem([] {
              std::printf("only this");
              return false;
            }),
            "only this");
  EXPECT_EQ(problem([] { return false; }), "ended with status 1");
}

TEST(InChild, OutlivesALibraryThatExitsOrAborts) {
  EXPECT_EQ(problem([]() -> bool {
              std::cerr << "no netlink\n";
              std::_Exit(3);
            }),
            "no netlink");
  EXPECT_EQ(problem([]() -> bool { std::_Exit(3); }), "ended with status 3");
  EXPECT_EQ(problem([] {
              ::signal(SIGABRT, SIG_DFL);
              std::cerr << "ABI\n";
              return ::raise(SIGABRT) == 0;
            }),
            "ABI, ended by signal Aborted");
}

TEST(InChild, EndsWhatHangs) {
  EXPECT_EQ(problem(
                [] {
                  while (true) ::pause();
                  return true;
                },
                std::chrono::seconds(1)),
            "not done within 1 s");
}

TEST(InChild, KeepsUpWithWhatSaysMoreThanIsKept) {
  EXPECT_EQ(problem([] {
              for (int i = 0; i < 100'000; ++i) std::cerr << "more\n";
              return false;
            }),
            "more");
}

TEST(Complaint, IsTheLineWithTheError) {
  EXPECT_EQ(complaint(""), "");
  EXPECT_EQ(complaint("\n\na\nb\n"), "a");
  EXPECT_EQ(complaint("a\n<cmdline>:1:1-2: Error: b\nnetlink: Error: c"), "<cmdline>:1:1-2: Error: b");
}

}  // namespace
}  // namespace outrigger::init
