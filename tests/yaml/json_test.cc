#include "yaml/json.h"

#include <gtest/gtest.h>

namespace outrigger::yaml {
namespace {

using nlohmann::json;

json only(const std::string& text) {
  const auto documents = read_yaml(text);
  EXPECT_TRUE(documents) << documents.error().text;
  return documents && documents->size() == 1 ? documents->front().value : json("not one document");
}

TEST(YamlJson, ReadsPlainScalarsByTheCoreSchema) {
  const std::vector<std::pair<std::string, json>> cases = {
      {"3", 3},          {"-3", -3},       {"+3", 3},          {"0x1F", 31},
      {"0o17", 15},      {"0644", 420},    {"1.5", 1.5},       {"+1.5", 1.5},
      {".5", 0.5},       {"1e3", 1000.0},  {"true", true},     {"FALSE", false},
      {"null", nullptr}, {"~", nullptr},   {"yes", true},      {"off", false},
      {".inf", ".inf"},  {".nan", ".nan"}, {"1.2.3", "1.2.3"}, {"10.0.0.1:80", "10.0.0.1:80"},
      {"0x", "0x"},      {"tRue", "tRue"}, {"30s", "30s"},     {"18446744073709551615", 18446744073709551615u},
  };
  for (const auto& [text, value] : cases) {
    const json read = only("a: " + text + "\n").value("a", json("missing"));
    EXPECT_EQ(read, value) << text;
  }
  EXPECT_TRUE(only("a: 18446744073709551616\n")["a"].is_number_float());
}

TEST(YamlJson, LeavesQuotedScalarsStrings) {
  EXPECT_EQ(only("a: \"3\"\nb: 'true'\nc: \"\"\nd: !!str 3\ne: |-\n  4\nf: ''\n"),
            (json{{"a", "3"}, {"b", "true"}, {"c", ""}, {"d", "3"}, {"e", "4"}, {"f", ""}}));
}

TEST(YamlJson, ReadsSequencesMapsAndAliases) {
  EXPECT_EQ(only("a: &x [1, {b: c}]\nd: *x\ne:\n"),
            (json{{"a", {1, {{"b", "c"}}}}, {"d", {1, {{"b", "c"}}}}, {"e", nullptr}}));
}

TEST(YamlJson, TellsWhereEachDocumentBegins) {
  const auto documents = read_yaml("# a comment\n---\na: 1\n---\n---\n\nb: 2\n");
  ASSERT_TRUE(documents);
  ASSERT_EQ(documents->size(), 2u);
  EXPECT_EQ((*documents)[0].line, 3u);
  EXPECT_EQ((*documents)[1].line, 7u);
  EXPECT_TRUE(read_yaml("")->empty());
  EXPECT_TRUE(read_yaml("---\n# nothing\n")->empty());
}

TEST(YamlJson, NamesTheLineOfWhatIsWrong) {
  for (const auto& [text, line] :
       std::vector<std::pair<std::string, std::string>>{{"a: 1\nb: [1\nc: 2\n", "3: "},
                                                        {"a: 1\na: 2\n", "2: key 'a' is there twice"},
                                                        {"a: 1\n? [x]\n: 2\n", "2: "},
                                                        {"a: *nobody\n", "1: "}}) {
    const auto documents = read_yaml(text);
    ASSERT_FALSE(documents) << text;
    EXPECT_TRUE(documents.error().text.starts_with(line)) << documents.error().text;
    EXPECT_EQ(documents.error().text.find('\n'), std::string::npos);
  }
}

TEST(YamlJson, BoundsDepthAndTheGrowthOfAliases) {
  EXPECT_FALSE(read_yaml("a: " + std::string(100, '[') + std::string(100, ']')));
  std::string laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i <= 8; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    laughs += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int k = 0; k < 10; ++k) laughs += (k == 0 ? "" : ", ") + before;
    laughs += "]\n";
  }
  const auto documents = read_yaml(laughs);
  ASSERT_FALSE(documents);
  EXPECT_NE(documents.error().text.find("too much"), std::string::npos) << documents.error().text;
}

TEST(YamlJson, ReadsJsonWithTabsAndNamesItsBadLine) {
  EXPECT_EQ(read_json("{\n\t\"a\": \"3\"\n}")->front().value, (json{{"a", "3"}}));
  const auto bad = read_json("{\n\t\"a\": 3,\n}");
  ASSERT_FALSE(bad);
  EXPECT_TRUE(bad.error().text.starts_with("3: not JSON")) << bad.error().text;
}

TEST(YamlJson, WritesWhatItReadsAsTheSame) {
  const json value = {
      {"plain", "web-1"},
      {"words", {"true", "Yes", "NO", "on", "null", "~", "n"}},
      {"numbers", {1, -2, 1.5, "1", "0x1F", "1e3", "1_000", "12:30:45", ".5", "-", "+1"}},
      {"awkward", {"",   " ",  "a: b", "# no", "- x",       "a\nb\n", "\ttab", "\"q\"", "back\\slash", "%x",  "@a",
                   "*a", "&a", "{}",   "[]",   "caf\u00e9", "a ",     "|",     ">",     "'",           "!tag"}},
      {"empty", {json::object(), json::array()}},
      {"nothing", nullptr},
      {"flag", true},
      {"on", {{"true", 1}, {"a/b", {{{"x", 1}, {"y", {1, {2, 3}}}}, "z"}}}}};
  EXPECT_EQ(only(write_yaml(value)), value) << write_yaml(value);
}

}  // namespace
}  // namespace outrigger::yaml
