#include "operator/dir_source.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <mutex>
#include <optional>

#include "fakes/certificates.h"

namespace outrigger::op {
namespace {

namespace fs = std::filesystem;

std::string service_named(const std::string& name, int port = 80) {
  return "kind: Service\nmetadata: {name: " + name + "}\nspec: {ports: [{port: " + std::to_string(port) + "}]}\n";
}

/// A source and the first port of each Service it has told of last.
class DirSourceTest : public testing::Test {
 protected:
  using Ports = std::map<std::string, int>;

  Result<void> open() {
    auto source =
        DirSource::open(folder_.path().string(), [this](std::vector<kube::Change> changes) { take(changes); });
    if (!source) return tl::unexpected(source.error());
    source_ = std::move(*source);
    return {};
  }
  void write(const std::string& name, const std::string& text) { folder_.write(name, text); }
  void replace(const std::string& name, const std::string& text) {
    const fs::path draft = folder_.path() / ("." + name + ".draft");
    std::ofstream(draft) << text;
    fs::rename(draft, folder_.path() / name);
  }
  testing::AssertionResult comes(const Ports& expected) {
    std::unique_lock lock(mutex_);
    if (changed_.wait_for(lock, std::chrono::seconds(20), [&] { return ports_ == expected; })) {
      return testing::AssertionSuccess();
    }
    return testing::AssertionFailure() << "after 20 s there are " << testing::PrintToString(ports_);
  }
  Ports ports() {
    const std::lock_guard lock(mutex_);
    return ports_;
  }
  double errors() const {
    metrics::Exposition exposition;
    source_->add_metrics(exposition);
    const std::string text = exposition.text();
    const std::string name = "\noutrigger_manifest_errors ";
    return std::stod(text.substr(text.find(name) + name.size()));
  }

  fakes::TemporaryFolder folder_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Ports ports_;
  std::unique_ptr<DirSource> source_;  ///< ends first

 private:
  void take(const std::vector<kube::Change>& changes) {
    Ports ports;
    EXPECT_EQ(changes.size(), DirSource::kinds().size());
    for (const kube::Change& change : changes) {
      EXPECT_TRUE(change.replace);
      if (change.kind != kube::Kind::service) continue;
      for (const auto& object : change.objects) {
        ports[object.key.text()] = std::get<model::Service>(object.value).ports.at(0).port;
      }
    }
    const std::lock_guard lock(mutex_);
    ports_ = ports;
    changed_.notify_all();
  }
};

TEST_F(DirSourceTest, TellsWhatIsThereBeforeItReturns) {
  write("b.yaml", service_named("b"));
  write("a.json", R"({"kind":"Service","metadata":{"name":"a"},"spec":{"ports":[{"port":81}]}})");
  write("notes.txt", "kind: [");
  write(".hidden.yaml", "kind: [");
  fs::create_directory(folder_.path() / "deeper.yaml");
  ASSERT_TRUE(open());
  EXPECT_EQ(ports(), (Ports{{"default/a", 81}, {"default/b", 80}}));
}

TEST_F(DirSourceTest, FollowsFilesWrittenReplacedRenamedAndRemoved) {
  ASSERT_TRUE(open());
  EXPECT_EQ(ports(), Ports{});
  write("web.yaml", service_named("web", 80));
  EXPECT_TRUE(comes({{"default/web", 80}}));
  write("web.yaml", service_named("web", 81));
  EXPECT_TRUE(comes({{"default/web", 81}}));
  replace("web.yaml", service_named("web", 82));
  EXPECT_TRUE(comes({{"default/web", 82}}));
  write("api.yaml", service_named("api"));
  EXPECT_TRUE(comes({{"default/web", 82}, {"default/api", 80}}));
  fs::rename(folder_.path() / "web.yaml", folder_.path() / "web.yaml.off");
  EXPECT_TRUE(comes({{"default/api", 80}}));
  fs::remove(folder_.path() / "api.yaml");
  EXPECT_TRUE(comes({}));
}

TEST_F(DirSourceTest, FollowsTheLinksOfAConfigMap) {
  const auto version = [&](const std::string& name, int port) {
    fs::create_directory(folder_.path() / name);
    write(name + "/web.yaml", service_named("web", port));
    fs::create_symlink(name, folder_.path() / "..data_tmp");
    fs::rename(folder_.path() / "..data_tmp", folder_.path() / "..data");
  };
  version("..1", 80);
  fs::create_symlink("..data/web.yaml", folder_.path() / "web.yaml");
  ASSERT_TRUE(open());
  EXPECT_EQ(ports(), (Ports{{"default/web", 80}}));
  version("..2", 81);
  EXPECT_TRUE(comes({{"default/web", 81}}));
  write("..2/api.yaml", service_named("api"));
  fs::create_symlink("..data/api.yaml", folder_.path() / "api.yaml");
  EXPECT_TRUE(comes({{"default/web", 81}, {"default/api", 80}}));
}

TEST_F(DirSourceTest, KeepsTheLastGoodContentOfAFileThatBecameBad) {
  write("web.yaml", service_named("web"));
  ASSERT_TRUE(open());
  EXPECT_EQ(errors(), 0);
  write("web.yaml", "kind: Service\nmetadata: [\n");
  write("api.yaml", service_named("api"));
  EXPECT_TRUE(comes({{"default/web", 80}, {"default/api", 80}}));
  EXPECT_EQ(errors(), 1);
  write("web.yaml", service_named("web", 81));
  EXPECT_TRUE(comes({{"default/web", 81}, {"default/api", 80}}));
  EXPECT_EQ(errors(), 0);
}

TEST_F(DirSourceTest, CountsTheFirstOfAnObjectThatIsThereTwice) {
  write("a.yaml", service_named("web", 80));
  ASSERT_TRUE(open());
  write("b.yaml", service_named("web", 81) + "---\n" + service_named("api"));
  EXPECT_TRUE(comes({{"default/web", 80}, {"default/api", 80}}));
  EXPECT_EQ(errors(), 1);
  fs::remove(folder_.path() / "a.yaml");
  EXPECT_TRUE(comes({{"default/web", 81}, {"default/api", 80}}));
  EXPECT_EQ(errors(), 0);
}

TEST_F(DirSourceTest, DoesNotReadAFileThatIsStillBeingWritten) {
  write("web.yaml", service_named("web"));
  ASSERT_TRUE(open());
  std::ofstream half(folder_.path() / "web.yaml");
  half << "# truncated, nothing more yet\n" << std::flush;
  write("api.yaml", service_named("api"));
  EXPECT_TRUE(comes({{"default/web", 80}, {"default/api", 80}}));
  half << service_named("web", 81);
  half.close();
  EXPECT_TRUE(comes({{"default/web", 81}, {"default/api", 80}}));
}

TEST_F(DirSourceTest, WaitsForAFolderThatWasTakenAwayToComeBack) {
  write("web.yaml", service_named("web"));
  ASSERT_TRUE(open());
  const fs::path away = folder_.path().string() + ".away";
  fs::rename(folder_.path(), away);
  fs::create_directory(folder_.path());
  write("web.yaml", service_named("web", 81));
  EXPECT_TRUE(comes({{"default/web", 81}}));
  fs::remove_all(away);
}

TEST_F(DirSourceTest, RefusesToStartOnWhatIsBad) {
  const auto missing = DirSource::open(folder_.path().string() + "/nowhere", [](const auto&) {});
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().text.find("/nowhere: No such file or directory"), std::string::npos);

  write("web.yaml", "kind: Service\nmetadata: [\n");
  const auto bad = open();
  ASSERT_FALSE(bad);
  EXPECT_TRUE(bad.error().text.starts_with((folder_.path() / "web.yaml").string() + ":3: ")) << bad.error().text;

  write("web.yaml", service_named("web"));
  write("web2.yaml", service_named("web"));
  const auto twice = open();
  ASSERT_FALSE(twice);
  EXPECT_NE(twice.error().text.find("Service default/web is already in web.yaml"), std::string::npos);
}

}  // namespace
}  // namespace outrigger::op
