#include "operator/candidate.h"

#include <gtest/gtest.h>

namespace outrigger::op {
namespace {

Options options_of(std::vector<const char*> more) {
  std::vector<const char*> arguments{"outrigger-operator", "--tls-cert", "a", "--tls-key", "b", "--client-ca", "c"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  const auto options = parse_options(static_cast<int>(arguments.size()), arguments.data());
  CHECK(options);
  return *options;
}

TEST(Candidate, StandsForTheLeaseItIsGivenEachTimeAsAnother) {
  const Options options = options_of({"--lease", "ns/the-lease", "--leader-elect-lease-duration", "30s"});
  const auto one = candidate_of(options);
  const auto other = candidate_of(options);
  ASSERT_TRUE(one && *one && other && *other);
  EXPECT_EQ((*one)->lease, (model::ObjectKey{"ns", "the-lease"}));
  EXPECT_EQ((*one)->timing.lease_duration, std::chrono::seconds(30));
  EXPECT_EQ((*one)->timing.renew_deadline, std::chrono::seconds(10));
  EXPECT_NE((*one)->identity, (*other)->identity);
  EXPECT_EQ((*one)->identity.substr(0, (*one)->identity.rfind('_')),
            (*other)->identity.substr(0, (*other)->identity.rfind('_')));
}

TEST(Candidate, IsNoneWithoutALease) {
  for (const auto& more : std::vector<std::vector<const char*>>{
           {"--lease", "off"}, {"--kubeconfig", "somewhere"}, {"--source", "dir:somewhere"}}) {
    const auto candidate = candidate_of(options_of(more));
    ASSERT_TRUE(candidate) << candidate.error().text;
    EXPECT_FALSE(*candidate) << more[0];
  }
}

TEST(Candidate, NeedsAPodsNamespaceWhenNothingIsSaid) {
  const auto candidate = candidate_of(options_of({}));
  ASSERT_FALSE(candidate);
  EXPECT_NE(candidate.error().text.find("/namespace: "), std::string::npos) << candidate.error().text;
}

}  // namespace
}  // namespace outrigger::op
