#include "operator/annotation_event.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace outrigger::op {
namespace {

AnnotationProblem problem() {
  return {kube::Kind::service,
          {"shop", "web"},
          "1234",
          {"outrigger.dev/policy", "fastest", "'fastest' is not allowed; allowed: round-robin"}};
}

nlohmann::json event(const AnnotationProblem& problem, const char* time = "2026-01-02T03:04:05Z") {
  return nlohmann::json::parse(annotation_event(problem, time));
}

TEST(AnnotationEvent, NamesKeyValueAndWhatIsAllowed) {
  const auto told = event(problem());
  EXPECT_EQ(told["kind"], "Event");
  EXPECT_EQ(told["type"], "Warning");
  EXPECT_EQ(told["reason"], "InvalidAnnotation");
  EXPECT_EQ(told["message"], "outrigger.dev/policy: 'fastest' is not allowed; allowed: round-robin");
  EXPECT_EQ(told["metadata"]["namespace"], "shop");
  EXPECT_EQ(told["involvedObject"],
            (nlohmann::json{
                {"apiVersion", "v1"}, {"kind", "Service"}, {"namespace", "shop"}, {"name", "web"}, {"uid", "1234"}}));
  EXPECT_EQ(told["firstTimestamp"], "2026-01-02T03:04:05Z");
}

TEST(AnnotationEvent, HasOneNameForOneProblemAtAnyTime) {
  const auto name = [](const AnnotationProblem& one) { return event(one)["metadata"]["name"]; };
  EXPECT_EQ(name(problem()), event(problem(), "2027-01-01T00:00:00Z")["metadata"]["name"]);
  AnnotationProblem other = problem();
  other.error.problem = "'slowest' is not allowed; allowed: round-robin";
  EXPECT_NE(name(problem()), name(other));
  other = problem();
  other.uid = "5678";
  EXPECT_NE(name(problem()), name(other));
  other = problem();
  other.kind = kube::Kind::pod;
  EXPECT_NE(name(problem()), name(other));
}

TEST(AnnotationEvent, KeepsToTheBoundsOfTheApi) {
  AnnotationProblem long_one = problem();
  long_one.object.name = std::string(199, 'a') + "-." + std::string(52, 'b');
  long_one.error.problem = std::string(5'000, 'x');
  const auto told = event(long_one);
  const std::string name = told["metadata"]["name"];
  EXPECT_EQ(name.substr(0, 200), std::string(199, 'a') + ".");
  EXPECT_LE(name.size(), 253u);
  EXPECT_EQ(told["message"].get<std::string>().size(), 1'024u);
}

}  // namespace
}  // namespace outrigger::op
