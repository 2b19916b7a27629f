#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "kube/base64.h"
#include "kube/secret.h"
#include "kube/token_review.h"
#include "kube/webhook_configuration.h"

namespace outrigger::kube {
namespace {

using nlohmann::json;

TEST(Base64, IsReadAndWrittenTheSame) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    bytes.push_back(static_cast<char>(i));
    EXPECT_EQ(*decode_base64(encode_base64(bytes)), bytes);
  }
  EXPECT_EQ(encode_base64("outrigger"), "b3V0cmlnZ2Vy");
  EXPECT_EQ(encode_base64(""), "");
  EXPECT_FALSE(decode_base64("?"));
  EXPECT_FALSE(decode_base64("b3V0c"));
}

TEST(Secret, IsReadAsItWasMade) {
  const Secret::Data data{{"tls.crt", "a certificate"}, {"tls.key", std::string("\0\xff", 2)}};
  json object = json::parse(new_secret({"outrigger", "root"}, data));
  EXPECT_EQ(object["type"], "kubernetes.io/tls");
  EXPECT_EQ(object["metadata"]["name"], "root");
  object["metadata"]["resourceVersion"] = "7";
  const auto secret = read_secret(object.dump());
  ASSERT_TRUE(secret) << secret.error().text;
  EXPECT_TRUE(secret->ours);
  EXPECT_EQ(secret->resource_version, "7");
  EXPECT_EQ(secret->data, data);
}

TEST(Secret, IsAnothersWithoutOurLabel) {
  for (const char* labels : {R"(null)", R"({})", R"({"outrigger.dev/kept-by": "Helm"})"}) {
    const auto secret = read_secret(std::string(R"({"metadata": {"resourceVersion": "1", "labels": )") + labels +
                                    R"(}, "data": {"a": ""}})");
    ASSERT_TRUE(secret);
    EXPECT_FALSE(secret->ours);
    EXPECT_TRUE(secret->data.empty());
  }
}

TEST(Secret, IsRefusedWithoutShowingItsValues) {
  EXPECT_FALSE(read_secret(""));
  EXPECT_FALSE(read_secret("[]"));
  EXPECT_FALSE(read_secret(R"({"metadata": {}})"));
  const auto secret = read_secret(R"({"metadata": {"resourceVersion": "1"}, "data": {"tls.key": "secret?"}})");
  ASSERT_FALSE(secret);
  EXPECT_EQ(secret.error().text, "Secret: tls.key: not allowed; allowed: base64");
}

TEST(Secret, IsPatchedFromWhatWasRead) {
  const Secret old{true, "7", {{"tls.crt", "a"}, {"next.crt", "b"}}};
  EXPECT_EQ(json::parse(secret_patch(old, {{"tls.crt", "b"}})),
            json::parse(R"({"metadata": {"resourceVersion": "7"}, "data": {"tls.crt": "Yg==", "next.crt": null}})"));
}

TEST(Secret, HasAPath) {
  EXPECT_EQ(secret_path({"outrigger", "root"}), "/api/v1/namespaces/outrigger/secrets/root");
  EXPECT_EQ(secret_path({"outrigger", ""}), "/api/v1/namespaces/outrigger/secrets");
}

std::string review(const std::string& status) { return R"({"kind": "TokenReview", "status": )" + status + "}"; }

TEST(TokenReview, AsksForOneAudience) {
  EXPECT_EQ(json::parse(token_review("abc", "outrigger")),
            json::parse(R"({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview",
                            "spec": {"token": "abc", "audiences": ["outrigger"]}})"));
}

TEST(TokenReview, NamesTheServiceAccount) {
  const auto who = read_token_review(review(R"({"authenticated": true, "audiences": ["x", "outrigger"],
                                               "user": {"username": "system:serviceaccount:shop:web"}})"),
                                     "outrigger");
  ASSERT_TRUE(who) << who.error().text;
  EXPECT_EQ(who->text(), "shop/web");
}

TEST(TokenReview, VouchesForNothingElse) {
  const auto why = [](const std::string& answer) {
    const auto who = read_token_review(answer, "outrigger");
    EXPECT_FALSE(who) << answer;
    return who ? std::string() : who.error().text;
  };
  EXPECT_EQ(why(review(R"({"authenticated": false, "error": "it has expired"})")),
            "the token is not valid: it has expired");
  EXPECT_EQ(why(review("{}")), "the token is not valid");
  EXPECT_EQ(why(review(R"({"authenticated": true, "audiences": ["vault"],
                           "user": {"username": "system:serviceaccount:shop:web"}})")),
            "the token is for another audience; allowed: outrigger");
  EXPECT_EQ(why(review(R"({"authenticated": true, "user": {"username": "system:serviceaccount:shop:web"}})")),
            "the token is for another audience; allowed: outrigger");
  for (const char* name : {"", "admin", "system:node:a", "system:serviceaccount:", "system:serviceaccount:shop"}) {
    EXPECT_EQ(why(review(std::string(R"({"authenticated": true, "audiences": ["outrigger"], "user": {"username": ")") +
                         name + "\"}}")),
              "the token is not a ServiceAccount's");
  }
  for (const char* answer : {"", "[]", "{\"status\": 1}", "{\"status\": {\"authenticated\": \"yes\"}}"}) {
    EXPECT_EQ(why(answer), "the API server's answer is no TokenReview");
  }
}

TEST(WebhookConfiguration, GetsTheBundleOnce) {
  const std::string before = R"({"metadata": {"resourceVersion": "3"}, "webhooks": [
    {"name": "a", "clientConfig": {"service": {"name": "op"}}}, {"name": "b", "clientConfig": {"caBundle": "eA=="}}]})";
  const auto first = with_ca_bundle(before, "pem");
  ASSERT_TRUE(first);
  ASSERT_TRUE(*first);
  const json object = json::parse(**first);
  EXPECT_EQ(object["metadata"]["resourceVersion"], "3");
  EXPECT_EQ(object["webhooks"][0]["clientConfig"]["caBundle"], "cGVt");
  EXPECT_EQ(object["webhooks"][0]["clientConfig"]["service"]["name"], "op");
  EXPECT_EQ(object["webhooks"][1]["clientConfig"]["caBundle"], "cGVt");
  const auto second = with_ca_bundle(**first, "pem");
  ASSERT_TRUE(second);
  EXPECT_FALSE(*second);
  EXPECT_FALSE(*with_ca_bundle("{}", "pem"));
  EXPECT_FALSE(with_ca_bundle("", "pem"));
  EXPECT_FALSE(with_ca_bundle(R"({"webhooks": [1]})", "pem"));
}

}  // namespace
}  // namespace outrigger::kube
