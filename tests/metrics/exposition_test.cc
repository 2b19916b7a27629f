#include "metrics/exposition.h"

#include <gtest/gtest.h>

namespace outrigger::metrics {
namespace {

TEST(Exposition, WritesNothingForNothing) { EXPECT_EQ(Exposition().text(), ""); }

TEST(Exposition, MergesSamplesOfOneNameIntoOneFamily) {
  Exposition exposition;
  exposition.counter("outrigger_requests_total", "Requests answered.", {{"service", "shop/web:80"}, {"code", "200"}},
                     3);
  exposition.gauge("outrigger_connections_active", "Connections open.", {}, 2);
  exposition.counter("outrigger_requests_total", "Another help.", {{"service", "shop/web:80"}, {"code", "502"}}, 1);
  EXPECT_EQ(exposition.text(),
            "# HELP outrigger_requests_total Requests answered.\n"
            "# TYPE outrigger_requests_total counter\n"
            "outrigger_requests_total{service=\"shop/web:80\",code=\"200\"} 3\n"
            "outrigger_requests_total{service=\"shop/web:80\",code=\"502\"} 1\n"
            "# HELP outrigger_connections_active Connections open.\n"
            "# TYPE outrigger_connections_active gauge\n"
            "outrigger_connections_active 2\n");
}

TEST(Exposition, EscapesLabelValues) {
  Exposition exposition;
  exposition.gauge("g", "A gauge.", {{"zone", "a\"b\\c\nd"}}, -1.5);
  EXPECT_EQ(exposition.text(), "# HELP g A gauge.\n# TYPE g gauge\ng{zone=\"a\\\"b\\\\c\\nd\"} -1.5\n");
}

TEST(Exposition, WritesHistogramsCumulativeInSecondsWithInf) {
  DurationHistogram histogram;
  histogram.observe(100'000);         // on the first bound
  histogram.observe(100'001);         // just above it
  histogram.observe(20'000'000'000);  // above all
  Exposition exposition;
  exposition.histogram("d_seconds", "A duration.", {{"service", "shop/web:80"}}, histogram.read());
  const std::string bucket = "d_seconds_bucket{service=\"shop/web:80\",le=";
  std::string expected =
      "# HELP d_seconds A duration.\n"
      "# TYPE d_seconds histogram\n"
      "d_seconds_count{service=\"shop/web:80\"} 3\n"
      "d_seconds_sum{service=\"shop/web:80\"} 20.000200001\n" +
      bucket + "\"0.0001\"} 1\n";
  for (const char* bound : {"0.00025", "0.0005", "0.001", "0.0025", "0.005", "0.01", "0.025", "0.05", "0.1", "0.25",
                            "0.5", "1", "2.5", "5", "10"}) {
    expected += bucket + "\"" + bound + "\"} 2\n";
  }
  expected += bucket + "\"+Inf\"} 3\n";
  EXPECT_EQ(exposition.text(), expected);
}

TEST(Exposition, WritesCountersExactlyUpToTheLastIntegerADoubleHolds) {
  Exposition exposition;
  exposition.counter("c_total", "A counter.", {}, 9'007'199'254'740'992.0);
  EXPECT_EQ(exposition.text(), "# HELP c_total A counter.\n# TYPE c_total counter\nc_total 9007199254740992\n");
}

TEST(ExpositionDeathTest, RefusesOneNameWithTwoTypes) {
  Exposition exposition;
  exposition.counter("x_total", "X.", {}, 1);
  EXPECT_DEATH(exposition.gauge("x_total", "X.", {}, 1), "CHECK failed");
}

}  // namespace
}  // namespace outrigger::metrics
