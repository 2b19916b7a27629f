#include "kube/lease.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace outrigger::kube {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

const LeaseRecord kRecord{"op-1", 15s, "2026-01-02T03:04:05.000006Z", "2026-01-02T03:04:09.000000Z", 7};

TEST(Lease, IsReadAsItWasWritten) {
  json object = json::parse(new_lease({"ns", "lease"}, kRecord));
  EXPECT_EQ(object["metadata"], (json{{"namespace", "ns"}, {"name", "lease"}}));
  object["metadata"]["resourceVersion"] = "12";
  const auto lease = parse_lease(object.dump());
  ASSERT_TRUE(lease) << lease.error().text;
  EXPECT_EQ(lease->record, kRecord);
  EXPECT_EQ(lease->version, "12");
}

TEST(Lease, IsPatchedOnlyAtItsVersionAndInItsSpecAlone) {
  const json patch = json::parse(lease_patch("12", kRecord));
  EXPECT_EQ(patch["metadata"], (json{{"resourceVersion", "12"}}));
  EXPECT_EQ(patch["spec"], (json{{"holderIdentity", "op-1"},
                                 {"leaseDurationSeconds", 15},
                                 {"acquireTime", kRecord.acquire_time},
                                 {"renewTime", kRecord.renew_time},
                                 {"leaseTransitions", 7}}));
  EXPECT_EQ(patch.size(), 2u);
}

TEST(Lease, MayLackEverythingButItsVersion) {
  for (const char* spec : {"", R"(,"spec":{})", R"(,"spec":null)", R"(,"spec":{"holderIdentity":null})",
                           R"(,"spec":{"leaseDurationSeconds":-1,"leaseTransitions":-5})"}) {
    const auto lease = parse_lease(std::string(R"({"metadata":{"resourceVersion":"1"})") + spec + "}");
    ASSERT_TRUE(lease) << spec << lease.error().text;
    EXPECT_EQ(lease->record, LeaseRecord{}) << spec;
  }
}

TEST(Lease, ThatIsDamagedIsAnErrorThatSaysWhere) {
  const auto with = [](const std::string& spec) {
    return R"({"metadata":{"resourceVersion":"1"},"spec":)" + spec + "}";
  };
  for (const auto& [text, named] : std::vector<std::pair<std::string, std::string>>{
           {"", "not a JSON object"},
           {"[]", "not a JSON object"},
           {"{", "not a JSON object"},
           {"{}", "metadata.resourceVersion"},
           {R"({"metadata":[]})", "metadata"},
           {with("7"), "spec"},
           {with(R"({"holderIdentity":7})"), "spec.holderIdentity: 7"},
           {with(R"({"leaseDurationSeconds":"15"})"), "spec.leaseDurationSeconds: '15'"},
           {with(R"({"leaseDurationSeconds":1.5})"), "spec.leaseDurationSeconds: 1.5"},
           {with(R"({"leaseDurationSeconds":2147483648})"), "spec.leaseDurationSeconds: 2147483648"},
           {with(R"({"leaseTransitions":18446744073709551615})"), "spec.leaseTransitions: 18446744073709551615"},
           {with(R"({"renewTime":{}})"), "spec.renewTime: an object"},
           {std::string(kMaxLeaseBytes + 1, ' '), "1048577 bytes"}}) {
    const auto lease = parse_lease(text);
    ASSERT_FALSE(lease) << text;
    EXPECT_NE(lease.error().text.find(named), std::string::npos) << lease.error().text;
  }
}

TEST(Lease, WritesTimesWithMicroseconds) {
  const std::chrono::system_clock::time_point epoch;
  EXPECT_EQ(micro_time(epoch), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(micro_time(epoch + 1'700'000'000s + 42us), "2023-11-14T22:13:20.000042Z");
}

}  // namespace
}  // namespace outrigger::kube
