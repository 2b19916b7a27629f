#include "integration/load.h"

#include <gtest/gtest.h>

#include <memory>

#include "integration/backend.h"
#include "integration/eventually.h"

namespace outrigger::integration {
namespace {

TEST(Load, TellsWhoAnswered) {
  Backend backend("a", "127.0.0.1:0");
  Load load(backend.address(), 3);
  EXPECT_TRUE(load.reaches("a"));
  EXPECT_TRUE(load.avoids("b"));
  const LoadReading seen = load.stop();
  EXPECT_EQ(seen.failures, std::vector<std::string>{});
  EXPECT_EQ(seen.answered, backend.requests());
  EXPECT_EQ(seen.by_backend, (std::map<std::string, std::uint64_t>{{"a", backend.requests()}}));
}

TEST(Load, CountsEveryFailure) {
  auto backend = std::make_unique<Backend>("a", "127.0.0.1:0");
  Load load(backend->address(), 1);
  ASSERT_TRUE(load.goes_on(10));
  backend.reset();
  EXPECT_TRUE(eventually([&] { return load.read().failures.size() >= 2; }));
}

TEST(Backend, AnswersHeldRequestsOnceReleased) {
  Backend backend("a", "127.0.0.1:0");
  backend.hold();
  Load load(backend.address(), 2);
  ASSERT_TRUE(eventually([&] { return backend.requests() == 2; }));
  EXPECT_EQ(load.read().answered, 0u);
  backend.release();
  EXPECT_TRUE(load.goes_on());
}

}  // namespace
}  // namespace outrigger::integration
