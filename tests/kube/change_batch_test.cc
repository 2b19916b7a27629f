#include "kube/change_batch.h"

#include <gtest/gtest.h>

namespace outrigger::kube {
namespace {

Object node(const std::string& name) { return {Kind::node, {"", name}, NodeInfo{}}; }

/// Each Change as "+" and its objects, "-" and what is gone.
class ChangeBatches : public testing::Test {
 protected:
  std::vector<std::string> seen;
  const std::chrono::steady_clock::time_point read_at{std::chrono::seconds(7)};
  const std::function<void(Change)> on_change = [this](Change change) {
    EXPECT_FALSE(change.replace);
    EXPECT_EQ(change.kind, Kind::node);
    EXPECT_EQ(change.read_at, read_at);
    std::string text;
    for (const Object& object : change.objects) text += "+" + object.key.name;
    for (const model::ObjectKey& key : change.gone) text += "-" + key.name;
    seen.push_back(text);
  };
  ChangeBatch batch{Kind::node, read_at, on_change};
};

TEST_F(ChangeBatches, GiveDifferentObjectsTogether) {
  batch.set(node("a"));
  batch.remove({"", "b"});
  batch.set(node("c"));
  EXPECT_TRUE(seen.empty());
  batch.flush();
  EXPECT_EQ(seen, std::vector<std::string>{"+a+c-b"});
}

TEST_F(ChangeBatches, NeverNameAnObjectTwice) {
  batch.set(node("a"));
  batch.set(node("b"));
  batch.set(node("a"));
  batch.remove({"", "a"});
  batch.remove({"", "b"});
  batch.set(node("a"));
  batch.flush();
  EXPECT_EQ(seen, (std::vector<std::string>{"+a+b", "+a", "-a-b", "+a"}));
}

TEST_F(ChangeBatches, GiveNothingWhenNothingCame) {
  batch.flush();
  batch.set(node("a"));
  batch.flush();
  batch.flush();
  EXPECT_EQ(seen, std::vector<std::string>{"+a"});
}

}  // namespace
}  // namespace outrigger::kube
