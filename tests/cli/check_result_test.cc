#include "cli/check_result.h"

#include <gtest/gtest.h>

#include "cli/text_table.h"

namespace outrigger::cli {
namespace {

const std::vector<Check> kChecks = {
    {.group = "cluster", .name = "api-server", .detail = "v1.31.0"},
    {.group = "operator",
     .name = "deployment",
     .verdict = Verdict::failed,
     .detail = "0 of 2 replicas ready",
     .remedy = "look"},
    {.group = "operator", .name = "leader", .verdict = Verdict::skipped, .detail = "forbidden: no"},
    {.group = "sidecars",
     .name = "feed",
     .verdict = Verdict::warning,
     .detail = "one",
     .findings = {{.object = "Pod a/b", .detail = "is \x1b[31mred", .remedy = "restart"}}}};

TEST(CheckResult, IsGroupedForAPerson) {
  EXPECT_EQ(table_text(kChecks, false),
            "cluster\n"
            "  [ok]   api-server  v1.31.0\n"
            "\n"
            "operator\n"
            "  [FAIL] deployment  0 of 2 replicas ready\n"
            "         -> look\n"
            "  [skip] leader      forbidden: no\n"
            "\n"
            "sidecars\n"
            "  [warn] feed        one\n"
            "           Pod a/b: is ?[31mred\n"
            "             -> restart\n"
            "\n"
            "1 ok, 1 warning, 1 failed, 1 skipped\n");
}

TEST(CheckResult, HasColourOnlyWhereAsked) {
  EXPECT_EQ(table_text(kChecks, false).find('\x1b'), std::string::npos);
  EXPECT_NE(table_text(kChecks, true).find("\x1b[31m[FAIL]\x1b[0m"), std::string::npos);
}

TEST(CheckResult, IsTheSameForAProgram) {
  const auto json = nlohmann::json::parse(json_text(kChecks));
  EXPECT_EQ(json.at("summary"), (nlohmann::json{{"ok", 1}, {"warning", 1}, {"failed", 1}, {"skipped", 1}}));
  EXPECT_EQ(json.at("checks").at(1).at("result"), "failed");
  EXPECT_EQ(json.at("checks").at(1).at("remedy"), "look");
  EXPECT_EQ(json.at("checks").at(3).at("findings").at(0).at("object"), "Pod a/b");
}

TEST(CheckResult, KeepsAHundredFindingsAndCountsTheOthers) {
  Check check{.group = "sidecars", .name = "feed", .verdict = Verdict::failed};
  for (int i = 0; i < 250; ++i) add_finding(check, {.object = "Pod", .detail = {}, .remedy = {}});
  EXPECT_EQ(check.findings.size(), kMaxFindings);
  EXPECT_EQ(findings_of(check), 250u);
  EXPECT_NE(table_text({check}, false).find("and 230 more\n"), std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(json_text({check})).at("checks").at(0).at("moreFindings"), 150);
}

TEST(CheckResult, OnlyAFailureFails) {
  EXPECT_FALSE(any_failed({kChecks[0], kChecks[2], kChecks[3]}));
  EXPECT_TRUE(any_failed(kChecks));
}

TEST(CheckResult, SaysWhyItIsSkipped) {
  EXPECT_EQ(skipped("g", "n", {Denial::Why::forbidden, "pods is forbidden"}).detail, "forbidden: pods is forbidden");
  EXPECT_EQ(skipped("g", "n", {Denial::Why::failed, "status 500"}).detail, "not known: status 500");
}

TEST(TextTable, AlignsAndShowsNoControlCharacters) {
  EXPECT_EQ(aligned({{"NAME", "N"}, {"a\tb\x7f", "10"}}, 1), "NAME   N\na?b?  10\n");
  EXPECT_EQ(printable(std::string(300, 'a')), std::string(300, 'a'));
  EXPECT_EQ(printable("a\xc2\x9b\xff"), "a??");
}

}  // namespace
}  // namespace outrigger::cli
