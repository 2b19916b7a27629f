#include "cli/prometheus_text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace outrigger::cli {
namespace {

std::vector<Sample> samples_of(std::string_view text, std::string_view prefix = "") {
  std::vector<Sample> samples;
  const auto done = read_samples(text, prefix, [&](const Sample& sample) { samples.push_back(sample); });
  EXPECT_TRUE(done) << done.error().text;
  return samples;
}

std::string error_of(std::string_view text) {
  const auto done = read_samples(text, "", [](const Sample&) {});
  return done ? "none" : done.error().text;
}

TEST(PrometheusText, ReadsNamesLabelsAndValues) {
  const auto samples = samples_of(
      "# HELP a_total Help.\n# TYPE a_total counter\n\n"
      "a_total 3\n"
      "  b{x=\"1\",y=\"two\\n\\\\\\\"2\"} 1.5e3 1700000000000\n"
      "c { x = \"1\" , } -Inf\nd{} NaN\ne +2");
  ASSERT_EQ(samples.size(), 5u);
  EXPECT_EQ(samples[0].name, "a_total");
  EXPECT_EQ(samples[0].value, 3);
  EXPECT_EQ(samples[1].label("x"), "1");
  EXPECT_EQ(samples[1].label("y"), "two\n\\\"2");
  EXPECT_EQ(samples[1].label("z"), "");
  EXPECT_EQ(samples[1].value, 1'500);
  EXPECT_EQ(samples[2].label("x"), "1");
  EXPECT_EQ(samples[2].value, -INFINITY);
  EXPECT_TRUE(std::isnan(samples[3].value));
  EXPECT_EQ(samples[4].value, 2);
}

TEST(PrometheusText, TellsOnlyThoseThatBeginSo) {
  const auto samples = samples_of("a 1\nb 2\nab 3\n", "a");
  ASSERT_EQ(samples.size(), 2u);
  EXPECT_EQ(samples[1].name, "ab");
}

TEST(PrometheusText, SaysWhichLineIsNoneOfTheFormat) {
  for (const std::string_view line :
       {"1a 2", "a", "a b", "a 1 2 3", "a 1 b", "a{", "a{x} 1", "a{x=1} 1", "a{x=\"1} 1", "a{x=\"\\t\"} 1", "a{x=\"1\"",
        "a{x=\"1\" y=\"2\"} 1", "a{x:y=\"1\"} 1", "a{,} 1", "a 0x10", "a ++1", "<html>", "{\"a\":1}", "a{x=\"\\"}) {
    EXPECT_EQ(error_of("a 1\n" + std::string(line) + "\n"), "line 2 is not of the Prometheus format") << line;
  }
  std::string labels;
  for (std::size_t i = 0; i <= kMaxLabels; ++i) labels += "x=\"1\",";
  EXPECT_EQ(error_of("a{" + labels + "} 1"), "line 1 is not of the Prometheus format");
}

TEST(PrometheusText, EndsWhateverTheBytesAre) {
  const std::uint32_t seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  const std::string good = "a_total{x=\"1\",y=\"two\\n\"} 1.5 17\n# c\nb 2\n";
  const std::string bytes = "{}\"\\,= \t\n#+-.eINaf0\x01\x80\xff";
  for (int round = 0; round < 20'000; ++round) {
    std::string text = good;
    for (int i = 0; i < 4; ++i) text[random() % text.size()] = bytes[random() % bytes.size()];
    text.resize(random() % (text.size() + 1));
    std::size_t told = 0;
    const auto done = read_samples(text, "", [&](const Sample& sample) {
      EXPECT_FALSE(sample.name.empty());
      EXPECT_LE(sample.labels.size(), kMaxLabels);
      ++told;
    });
    EXPECT_LE(told, 1 + std::size_t(std::count(text.begin(), text.end(), '\n')));
    (void)done;
  }
}

}  // namespace
}  // namespace outrigger::cli
