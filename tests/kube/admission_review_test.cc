#include "kube/admission_review.h"

#include <gtest/gtest.h>

#include "kube/base64.h"

namespace outrigger::kube {
namespace {

using nlohmann::json;

json review() {
  return {{"apiVersion", "admission.k8s.io/v1"},
          {"kind", "AdmissionReview"},
          {"request", {{"uid", "u-1"}, {"namespace", "shop"}, {"object", {{"kind", "Pod"}}}}}};
}

TEST(AdmissionReview, IsReadAsTheApiServerSendsIt) {
  const auto request = read_admission_review(review().dump());
  ASSERT_TRUE(request) << request.error().text;
  EXPECT_EQ(request->uid, "u-1");
  EXPECT_EQ(request->ns, "shop");
  EXPECT_EQ(request->object, (json{{"kind", "Pod"}}));
}

TEST(AdmissionReview, SaysWhatIsMissingOrWrong) {
  const auto problem = [](const json& changed) { return read_admission_review(changed.dump()).error().text; };
  json other = review();
  other["apiVersion"] = "admission.k8s.io/v1beta1";
  EXPECT_EQ(problem(other), "not an AdmissionReview: apiVersion; allowed: admission.k8s.io/v1");
  other = review();
  other["request"].erase("uid");
  EXPECT_NE(problem(other).find("request.uid"), std::string::npos) << problem(other);
  other = review();
  other["request"]["object"] = nullptr;  // as of a DELETE
  EXPECT_EQ(problem(other), "not an AdmissionReview: request.object: missing");
  other["request"] = 7;
  EXPECT_NE(problem(other), "");
  EXPECT_FALSE(read_admission_review("{"));
}

TEST(AdmissionReview, IsNotReadWhereItIsTooDeepOrTooMuch) {
  const auto with = [](const std::string& spec) {
    return R"({"apiVersion":"admission.k8s.io/v1","request":{"uid":"u","namespace":"n","object":{"spec":)" + spec +
           "}}}";
  };
  EXPECT_TRUE(read_admission_review(with(std::string(50, '[') + std::string(50, ']'))));
  EXPECT_FALSE(read_admission_review(with(std::string(100, '[') + std::string(100, ']'))));
  EXPECT_FALSE(read_admission_review(with(std::string(100'000, '[') + std::string(100'000, ']'))));
  std::string many = "[0";
  for (int i = 0; i < 100'000; ++i) many += ",0";
  EXPECT_FALSE(read_admission_review(with(many + "]")));
}

TEST(AdmissionReview, TheAnswerAlwaysAllowsAndCarriesThePatch) {
  const json patch = {{{"op", "add"}, {"path", "/x"}, {"value", 1}}};
  const json answer = json::parse(admission_answer("u-1", patch, {"look here"}));
  EXPECT_EQ(answer["apiVersion"], "admission.k8s.io/v1");
  EXPECT_EQ(answer["response"]["uid"], "u-1");
  EXPECT_EQ(answer["response"]["allowed"], true);
  EXPECT_EQ(answer["response"]["patchType"], "JSONPatch");
  EXPECT_EQ(json::parse(*decode_base64(answer["response"]["patch"].get<std::string>())), patch);
  EXPECT_EQ(answer["response"]["warnings"], (json{"outrigger: look here"}));
}

TEST(AdmissionReview, AnAnswerWithoutAPatchHasNone) {
  const json answer = json::parse(admission_answer("u-1", json::array(), {}));
  EXPECT_FALSE(answer["response"].contains("patch"));
  EXPECT_FALSE(answer["response"].contains("patchType"));
}

TEST(AdmissionReview, WarningsAreAsShortAsTheApiServerWantsThem) {
  const std::vector<std::string> many(20, std::string(1'000, 'x'));
  const json answer = json::parse(admission_answer("u-1", json::array(), many));
  EXPECT_EQ(answer["response"]["warnings"].size(), 8u);
  EXPECT_LE(answer["response"]["warnings"][0].get<std::string>().size(), 256u);
}

}  // namespace
}  // namespace outrigger::kube
