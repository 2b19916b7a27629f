#include "uplink/snapshot.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "fakes/certificates.h"
#include "feed/version.h"

namespace outrigger::uplink {
namespace {

std::shared_ptr<const feed::FullSet> some_set(const std::string& name, std::size_t endpoints) {
  model::EndpointSet set;
  set.service = {{"shop", name}, 80};
  set.rules = model::own_cluster_rule(set.service);
  for (std::size_t i = 0; i < endpoints; ++i) {
    set.endpoints.push_back({.address = "10.0.0." + std::to_string(i) + ":80",
                             .weight = static_cast<std::uint32_t>(i + 1),
                             .tier = 0,
                             .zone = "zone-\"a\"",
                             .pod = "pod",
                             .draining = i % 2 == 1});
  }
  return std::make_shared<const feed::FullSet>(feed::FullSet{feed::version_of(set), set});
}

class Snapshots : public ::testing::Test {
 protected:
  std::string text() const {
    std::ostringstream text;
    text << std::ifstream(path_).rdbuf();
    return text.str();
  }
  std::string problem_with(const std::string& text) {
    folder_.write("snapshot", text);
    const auto loaded = load_snapshot(path_);
    return loaded ? "" : loaded.error().text;
  }

  fakes::TemporaryFolder folder_;
  std::string path_ = (folder_.path() / "snapshot").string();
  const Snapshot some_{.confirmed_at = std::chrono::system_clock::time_point(std::chrono::seconds(1'700'000'000)),
                       .node = "node-1",
                       .zone = "b",
                       .sets = {some_set("web", 9), some_set("api", 0)}};
};

TEST_F(Snapshots, ComeBackAsTheyWereSaved) {
  ASSERT_TRUE(save_snapshot(path_, some_).has_value());
  const auto loaded = load_snapshot(path_);
  ASSERT_TRUE(loaded.has_value()) << loaded.error().text;
  EXPECT_EQ(loaded->confirmed_at, some_.confirmed_at);
  EXPECT_EQ(loaded->node, "node-1");
  EXPECT_EQ(loaded->zone, "b");
  ASSERT_EQ(loaded->sets.size(), 2u);
  EXPECT_EQ(*loaded->sets[0], *some_.sets[0]);
  EXPECT_EQ(*loaded->sets[1], *some_.sets[1]);
}

TEST_F(Snapshots, ReplaceTheOneBefore) {
  ASSERT_TRUE(save_snapshot(path_, some_).has_value());
  ASSERT_TRUE(save_snapshot(path_, {.confirmed_at = some_.confirmed_at, .sets = {some_.sets[1]}}).has_value());
  const auto loaded = load_snapshot(path_);
  ASSERT_TRUE(loaded.has_value());
  EXPECT_EQ(loaded->sets.size(), 1u);
  EXPECT_EQ(loaded->zone, "");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_.path()), {}), 1) << "nothing is left beside it";
}

TEST_F(Snapshots, ThatAreNotThereHaveNoSets) {
  const auto loaded = load_snapshot(path_);
  ASSERT_TRUE(loaded.has_value());
  EXPECT_TRUE(loaded->sets.empty());
}

TEST_F(Snapshots, AreRefusedWhereverTheyAreCut) {
  ASSERT_TRUE(save_snapshot(path_, some_).has_value());
  const std::string whole = text();
  for (std::size_t size = 0; size < whole.size(); size += 7) {
    const std::string problem = problem_with(whole.substr(0, size));
    const bool between_lines = whole[size] == '\n' || (size > 0 && whole[size - 1] == '\n');
    EXPECT_TRUE(between_lines || problem.starts_with(path_ + ":")) << size << problem;
  }
}

TEST_F(Snapshots, OfGarbageAreRefusedByLine) {
  ASSERT_TRUE(save_snapshot(path_, some_).has_value());
  const std::string head = text().substr(0, text().find('\n') + 1);
  EXPECT_EQ(problem_with("\x7f"
                         "ELF\n"),
            path_ + ":1: not a snapshot");
  EXPECT_EQ(problem_with("[]\n"), path_ + ":1: not a snapshot");
  EXPECT_EQ(problem_with("{\"snapshot\":7}\n"), path_ + ":1: not a snapshot");
  EXPECT_EQ(problem_with("{\"snapshot\":{\"confirmed_at\":\"now\"}}\n"), path_ + ":1: not a snapshot");
  EXPECT_EQ(problem_with("{\"snapshot\":{\"confirmed_at\":9223372036854775807}}\n"), path_ + ":1: not a snapshot");
  EXPECT_EQ(problem_with("{\"snapshot\":{\"confirmed_at\":-1}}\n"), path_ + ":1: not a snapshot");
  EXPECT_EQ(problem_with(head + "{\"heartbeat\":{}}\n"), path_ + ":2: not a set");
  EXPECT_TRUE(problem_with(head + "{\"set\":{}}\n").starts_with(path_ + ":2: "));
}

TEST_F(Snapshots, OfOtherDigestsServeButAreNotResumedFrom) {
  ASSERT_TRUE(save_snapshot(path_, some_).has_value());
  std::string other = text();
  const std::string version = some_.sets[0]->version;
  other.replace(other.find(version), version.size(), "0123456789abcdef");
  folder_.write("snapshot", other);
  const auto loaded = load_snapshot(path_);
  ASSERT_TRUE(loaded.has_value()) << loaded.error().text;
  EXPECT_EQ(loaded->sets[0]->version, "");
  EXPECT_EQ(loaded->sets[0]->set, some_.sets[0]->set);
  EXPECT_EQ(loaded->sets[1]->version, some_.sets[1]->version);
}

TEST_F(Snapshots, ThatCannotBeWrittenSayWhy) {
  const std::string nowhere = (folder_.path() / "none" / "snapshot").string();
  const auto saved = save_snapshot(nowhere, some_);
  ASSERT_FALSE(saved.has_value());
  EXPECT_EQ(saved.error().text, nowhere + ": cannot be written: No such file or directory");
}

}  // namespace
}  // namespace outrigger::uplink
