#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>

#include "integration/backend.h"
#include "integration/file_sidecar.h"
#include "integration/http_connection.h"

namespace outrigger::integration {
namespace {

/// Two sidecars before the same five backends; their files name these in different orders.
class ConsistentHash : public ::testing::Test {
 protected:
  ConsistentHash() {
    for (int i = 0; i < 5; ++i) backends_.push_back(std::make_unique<Backend>(std::to_string(i), "127.0.0.1:0"));
  }
  void start(const std::string& hash_on) {
    FileService service{
        .name = "shop/web:80", .options = "policy: consistent-hash, hashOn: '" + hash_on + "'", .endpoints = {}};
    for (const auto& backend : backends_) service.endpoints.push_back("address: " + backend->address());
    one_ = std::make_unique<FileSidecar>(FileSettings{.workers = 2}, std::vector{service});
    std::reverse(service.endpoints.begin(), service.endpoints.end());
    other_ = std::make_unique<FileSidecar>(FileSettings{}, std::vector{service});
  }
  static std::string ask(FileSidecar& sidecar, const std::string& path, const std::string& fields = {},
                         const std::string& source = {}) {
    const auto answer = HttpConnection(sidecar.address(), source).get(path, fields);
    return answer && answer->status == 200 ? answer->body : "no answer";
  }
  /// `ask_for(sidecar, key)` reaches the same backend each time, through either sidecar; different keys several.
  template <class AskFor>
  void expect_kept_together(const AskFor& ask_for) {
    std::set<std::string> reached;
    for (int key = 0; key < 40; ++key) {
      const std::string first = ask_for(*one_, key);
      for (int i = 0; i < 4; ++i) EXPECT_EQ(ask_for(*one_, key), first) << key;
      EXPECT_EQ(ask_for(*other_, key), first) << key;
      reached.insert(first);
    }
    EXPECT_EQ(reached.size(), backends_.size());
  }

  std::vector<std::unique_ptr<Backend>> backends_;
  std::unique_ptr<FileSidecar> one_;
  std::unique_ptr<FileSidecar> other_;
};

TEST_F(ConsistentHash, KeepsTheSameHeaderTogether) {
  start("header:X-User");
  int count = 0;
  expect_kept_together([&](FileSidecar& sidecar, int key) {
    return ask(sidecar, fmt::format("/{}", ++count), fmt::format("x-user: user-{}\r\n", key));
  });
  std::set<std::string> without;
  for (int i = 0; i < 100; ++i) without.insert(ask(*one_, "/"));
  EXPECT_EQ(without.size(), backends_.size()) << "a request without the header goes anywhere";
}

TEST_F(ConsistentHash, KeepsTheSamePathTogether) {
  start("path");
  int count = 0;
  expect_kept_together([&](FileSidecar& sidecar, int key) {
    return ask(sidecar, fmt::format("/items/{}?page={}", key, ++count), fmt::format("x-user: user-{}\r\n", count));
  });
}

TEST_F(ConsistentHash, KeepsTheSameSourceTogether) {
  start("source-ip");
  int count = 0;
  expect_kept_together([&](FileSidecar& sidecar, int key) {
    return ask(sidecar, fmt::format("/{}", ++count), {}, fmt::format("127.0.1.{}", key + 1));
  });
}

}  // namespace
}  // namespace outrigger::integration
