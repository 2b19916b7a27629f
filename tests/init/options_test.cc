#include "init/options.h"

#include <gtest/gtest.h>

#include <tuple>
#include <vector>

namespace outrigger::init {
namespace {

Result<Options> parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "outrigger-init");
  return parse_options(static_cast<int>(arguments.size()), arguments.data());
}

TEST(InitOptions, AreRead) {
  const auto options = parse({"--redirect-to", "15001", "--proxy-uid", "64190", "--skip-ports", "9000-9100,53,10250",
                              "--termination-log", "/tmp/log", "--report", "/tmp/report"});
  ASSERT_TRUE(options) << options.error().text;
  EXPECT_TRUE(options->print.empty());
  EXPECT_EQ(options->redirection.port, 15001);
  EXPECT_EQ(options->redirection.proxy_uid, 64190u);
  EXPECT_EQ(options->redirection.skip_ports, (model::PortRanges{{53, 53}, {9000, 9100}, {10250, 10250}}));
  EXPECT_EQ(options->redirection.api_server, std::nullopt);
  EXPECT_EQ(options->termination_log, "/tmp/log");
  EXPECT_EQ(options->report, "/tmp/report");
}

TEST(InitOptions, NeedNoMoreThanPortAndUser) {
  for (const auto& more : std::vector<std::vector<const char*>>{{}, {"--skip-ports", ""}}) {
    std::vector<const char*> arguments{"--redirect-to", "1", "--proxy-uid", "2147483647"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const auto options = parse(arguments);
    ASSERT_TRUE(options) << options.error().text;
    EXPECT_TRUE(options->redirection.skip_ports.empty());
    EXPECT_EQ(options->termination_log, "/dev/termination-log");
    EXPECT_EQ(options->report, "");
  }
}

TEST(InitOptions, ABadOneIsNamedWithItsValueAndWhatIsAllowed) {
  for (const auto& [flag, value, allowed] :
       std::vector<std::tuple<const char*, const char*, const char*>>{{"--redirect-to", "0", "1 to 65535"},
                                                                      {"--redirect-to", "65536", "1 to 65535"},
                                                                      {"--redirect-to", "http", "1 to 65535"},
                                                                      {"--proxy-uid", "0", "1 to 2147483647"},
                                                                      {"--proxy-uid", "2147483648", "1 to 2147483647"},
                                                                      {"--proxy-uid", "-1", "1 to 2147483647"},
                                                                      {"--proxy-uid", "root", "1 to 2147483647"},
                                                                      {"--skip-ports", "53,http", "1 to 65535"},
                                                                      {"--skip-ports", "0", "1 to 65535"},
                                                                      {"--skip-ports", "10-9", "1 to 65535"},
                                                                      {"--skip-ports", "53;80", "1 to 65535"}}) {
    SCOPED_TRACE(std::string(flag) + " " + value);
    std::vector<const char*> arguments;
    for (const auto& [name, good] :
         std::vector<std::pair<const char*, const char*>>{{"--redirect-to", "1"}, {"--proxy-uid", "1"}}) {
      if (std::string_view(name) != flag) arguments.insert(arguments.end(), {name, good});
    }
    const std::string bad = std::string(flag) + "=" + value;
    arguments.push_back(bad.c_str());
    const auto options = parse(arguments);
    ASSERT_FALSE(options);
    const std::string& text = options.error().text;
    for (const std::string& part : {std::string(flag) + ": '" + value + "' is not allowed", std::string(allowed)}) {
      EXPECT_NE(text.find(part), std::string::npos) << text;
    }
    EXPECT_EQ(text.find('\n'), std::string::npos);
  }
}

TEST(InitOptions, WhatIsMissingUnknownOrTwiceIsNamed) {
  for (const auto& [arguments, named] : std::vector<std::pair<std::vector<const char*>, const char*>>{
           {{"--proxy-uid", "1"}, "--redirect-to"},
           {{"--redirect-to", "1"}, "--proxy-uid"},
           {{"--redirect-to", "1", "--proxy-uid"}, "--proxy-uid"},
           {{"--redirect-to", "1", "--proxy-uid", "1", "--proxy-uid", "2"}, "--proxy-uid"},
           {{"--redirect-to", "1", "--proxy-uid", "1", "--verbose"}, "--verbose"}}) {
    const auto options = parse(arguments);
    ASSERT_FALSE(options) << named;
    EXPECT_NE(options.error().text.find(named), std::string::npos) << options.error().text;
    EXPECT_EQ(options.error().text.find('\n'), std::string::npos);
  }
}

TEST(InitOptions, PrintHelpAndVersion) {
  EXPECT_NE(parse({"--help"})->print.find("--skip-ports"), std::string::npos);
  EXPECT_EQ(parse({"--version"})->print, "outrigger-init " OUTRIGGER_VERSION "\n");
}

}  // namespace
}  // namespace outrigger::init
