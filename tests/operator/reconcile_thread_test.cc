#include "operator/reconcile_thread.h"

#include <gtest/gtest.h>

#include <future>
#include <map>
#include <optional>
#include <utility>

#include "operator/objects.h"

namespace outrigger::op {
namespace {

using kube::Kind;

/// What the thread has given, as another thread sees it.
class Collected {
 public:
  void take(const Publication& publication) {
    const std::lock_guard lock(mutex_);
    complete_ = complete_ || publication.complete;
    for (const auto& [node, zone] : publication.zones) zones_[node] = zone;
    for (const ServiceUpdate& update : publication.updates) sets_[update.service] = update.set;
    ++publications_;
    if (publications_ == 1) updates_of_first_ = publication.updates.size();
    changed_.notify_all();
  }
  bool comes(const std::function<bool(const Collected&)>& what) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), [&] { return what(*this); });
  }
  std::optional<std::size_t> endpoints_of(const std::string& service) const {
    const auto found = sets_.find(port_of(service));
    if (found == sets_.end() || !found->second) return std::nullopt;
    return found->second->set.endpoints.size();
  }
  const std::map<std::string, std::string>& zones() const { return zones_; }
  bool complete() const { return complete_; }
  std::size_t updates_of_first() const { return updates_of_first_; }
  std::size_t services() const { return sets_.size(); }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<model::ServicePort, std::shared_ptr<const feed::FullSet>> sets_;
  std::map<std::string, std::string> zones_;
  bool complete_ = false;
  int publications_ = 0;
  std::size_t updates_of_first_ = 0;
};

ReconcileThread::Sink into(Collected& collected) {
  return [&collected](const Publication& publication) { collected.take(publication); };
}

void ignore(const AnnotationProblem&, Inventory::ProblemIs) {}

TEST(ReconcileThread, BeginsWithOnePublicationOfEverything) {
  Collected collected;
  ReconcileThread thread(kinds(), ignore, into(collected));
  EXPECT_EQ(thread.read().missing.size(), 4u);
  std::vector<kube::Object> services;
  for (std::size_t i = 0; i < 5 * ReconcileThread::kBatch; ++i) services.push_back(service("s" + std::to_string(i)));
  thread.offer({all(Kind::service, services)});
  thread.offer({all(Kind::endpoint_slice, {slice("l", "s0", {endpoint("10.0.0.1")})})});
  thread.offer({all(Kind::pod, {}), all(Kind::node, {})});
  ASSERT_TRUE(collected.comes([](const Collected& now) { return now.complete(); }));
  EXPECT_EQ(collected.updates_of_first(), services.size());
  EXPECT_EQ(collected.endpoints_of("s0"), 1u);
  const auto readings = thread.read();
  EXPECT_TRUE(readings.missing.empty());
  EXPECT_EQ(readings.services, services.size());
  EXPECT_EQ(readings.endpoints, 1u);
  EXPECT_EQ(readings.queue_depth, 0u);
}

TEST(ReconcileThread, IsCompleteEvenWhenThereIsNothing) {
  Collected collected;
  ReconcileThread thread(kinds(), ignore, into(collected));
  for (const Kind kind : kinds()) thread.offer({all(kind, {})});
  ASSERT_TRUE(collected.comes([](const Collected& now) { return now.complete(); }));
  EXPECT_EQ(collected.services(), 0u);
}

TEST(ReconcileThread, PublishesZonesThatHaveChangedAlthoughNoSetHas) {
  Collected collected;
  ReconcileThread thread(kinds(), ignore, into(collected));
  for (const Kind kind : kinds()) thread.offer({all(kind, {})});
  thread.offer({put(node("n1", "a"))});
  ASSERT_TRUE(collected.comes([](const Collected& now) { return now.zones().contains("n1"); }));
  thread.offer({put(node("n1", "b"))});
  ASSERT_TRUE(collected.comes([](const Collected& now) { return now.zones().at("n1") == "b"; }));
}

TEST(ReconcileThread, TakesChangesOfManyThreadsAndHoldsBackWhoIsAhead) {
  Collected collected;
  std::promise<void> go;
  std::shared_future<void> gate = go.get_future().share();
  ReconcileThread thread(kinds(), ignore, [&](const Publication& publication) {
    gate.wait();
    collected.take(publication);
  });
  for (const Kind kind : kinds()) thread.offer({all(kind, {})});
  constexpr int kThreads = 4, kChanges = static_cast<int>(ReconcileThread::kMaxWaiting);
  std::vector<std::thread> threads;
  std::atomic<int> offered{0};
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&thread, &offered, t] {
      const std::string name = "s" + std::to_string(t);
      for (int i = 0; i < kChanges; ++i) {
        thread.offer({put(slice(name, name, {endpoint("10.0.0." + std::to_string(i % 200 + 1))}))});
        ++offered;
      }
      thread.offer({put(service(name))});
      ++offered;
    });
  }
  // Stuck in its sink, the thread takes what waited then at most twice: all the rest stays with its sources.
  while (offered < static_cast<int>(ReconcileThread::kMaxWaiting)) std::this_thread::yield();
  EXPECT_LE(offered, 2 * static_cast<int>(ReconcileThread::kMaxWaiting) + kThreads);
  go.set_value();
  for (std::thread& one : threads) one.join();
  EXPECT_TRUE(collected.comes([](const Collected& now) {
    for (const char* name : {"s0", "s1", "s2", "s3"}) {
      if (now.endpoints_of(name) != 1u) return false;
    }
    return true;
  }));
}

TEST(ReconcileThread, EndsWithChangesWaiting) {
  std::promise<void> entered;
  std::promise<void> go;
  {
    // Whether what waits is published before the thread ends is open: the sink may be called twice.
    bool first = true;
    auto thread = std::make_unique<ReconcileThread>(kinds(), ignore, [&](const Publication&) {
      if (!std::exchange(first, false)) return;
      entered.set_value();
      go.get_future().wait();
    });
    for (const Kind kind : kinds()) thread->offer({all(kind, {})});
    entered.get_future().wait();
    thread->offer({put(service("web"))});
    go.set_value();
  }
}

}  // namespace
}  // namespace outrigger::op
