#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>

#include "integration/eventually.h"
#include "integration/spine.h"

namespace outrigger::integration {
namespace {

std::vector<Member> members(int first, int last) {
  std::vector<Member> some;
  for (int i = first; i < last; ++i) some.push_back({.ip = fmt::format("10.77.{}.{}", 100 + i / 250, 1 + i % 250)});
  return some;
}

TEST(LargeService, ArrivesWholeAndCountsAnEndpointOfTwoSlicesOnce) {
  ApiServer server;
  Spine spine(server, EndpointsSource::slices);
  const auto addresses = [&] {
    std::vector<std::string> there;
    for (const auto& entry : spine.sidecar().backends(spine.service().text() + ":80"))
      there.push_back(entry.at("address"));
    return there;
  };

  spine.objects().put_slice(spine.service(), "web-1", members(0, 1'000));
  spine.objects().put_slice(spine.service(), "web-2", members(1'000, 2'000));
  spine.objects().put_slice(spine.service(), "web-3", members(2'000, 2'500));
  EXPECT_TRUE(eventually([&] { return addresses().size() == 2'500; })) << addresses().size();

  // One more endpoint, so that the change can be seen, and one that another slice has as well.
  spine.objects().put_slice(spine.service(), "web-3", members(1'999, 2'501));
  EXPECT_TRUE(eventually([&] { return addresses().size() == 2'501; })) << addresses().size();
  const std::vector<std::string> listed = addresses();
  EXPECT_EQ(std::set<std::string>(listed.begin(), listed.end()).size(), 2'501u);

  // The other slice loses it; it stays.
  spine.objects().put_slice(spine.service(), "web-2", members(1'001, 1'999));
  EXPECT_TRUE(eventually([&] { return addresses().size() == 2'500; })) << addresses().size();
}

TEST(LargeService, ArrivesWholeFromOneEndpointsObject) {
  ApiServer server;
  Spine spine(server, EndpointsSource::endpoints);
  spine.objects().set_members(spine.service(), members(0, 2'500));
  EXPECT_TRUE(eventually([&] { return spine.sidecar().backends(spine.service().text() + ":80").size() == 2'500; }));
}

}  // namespace
}  // namespace outrigger::integration
