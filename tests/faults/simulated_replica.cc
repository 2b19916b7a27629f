#include "faults/simulated_replica.h"

#include <gtest/gtest.h>

#include "kube/change_batch.h"
#include "operator/objects.h"

namespace outrigger::faults {

void SimulatedReplica::restart() {
  for (const auto& link : links_) link->left_by_operator = true;
  publisher_.reset();
  links_.clear();
  published_.clear();
  objects_.clear();
  watches_.clear();
  for (const kube::Kind kind : op::kinds()) watches_[kind] = {};
  complete_ = stopped_ = false;
  reconciler_.emplace(op::kinds(), [](const op::AnnotationProblem&, op::Inventory::ProblemIs) {});
  publisher_.emplace([](std::string_view line) { return std::make_shared<const std::string>(line); },
                     [this] { return now_; });
}

void SimulatedReplica::read(kube::Kind kind, std::size_t max_events) {
  Watch& watch = watches_.at(kind);
  if (stopped_ || watch.cut) return;
  if (watch.version == 0) {
    take(op::all(kind, api_.list(kind, api_.version())));
    watch.version = api_.version();
    return;
  }
  if (!api_.has(watch.version)) {
    watch.version = 0;
    return;
  }
  const std::function<void(kube::Change)> on_change = [this](const kube::Change& change) { take(change); };
  kube::ChangeBatch batch(kind, now_, on_change);
  const SimulatedApi::Event* event = nullptr;
  for (; max_events > 0 && (event = api_.next(kind, watch.version)) != nullptr; --max_events) {
    watch.version = event->version;
    if (event->object) {
      batch.set(*event->object);
    } else {
      batch.remove(event->key);
    }
  }
  batch.flush();
  // A bookmark.
  if (max_events > 0) watch.version = api_.version();
}

bool SimulatedReplica::lose_event(kube::Kind kind) {
  Watch& watch = watches_.at(kind);
  if (stopped_ || watch.version == 0) return false;
  const SimulatedApi::Event* const event = api_.next(kind, watch.version);
  if (event != nullptr) watch.version = event->version;
  return event != nullptr;
}

bool SimulatedReplica::compare(kube::Kind kind) {
  const Watch& watch = watches_.at(kind);
  if (stopped_ || watch.cut || watch.version == 0 || !api_.has(watch.version)) return false;
  kube::Change change = op::all(kind, api_.list(kind, watch.version));
  change.comparison = true;
  take(change);
  return true;
}

void SimulatedReplica::take(const kube::Change& change) {
  kube::Change stamped = change;
  stamped.read_at = now_;
  op::apply_plainly(objects_, stamped);
  reconciler_->apply(std::move(stamped));
}

// As ReconcileThread does.
void SimulatedReplica::reconcile(std::size_t max_services) {
  if (stopped_) return;
  op::Publication publication{.updates = reconciler_->reconcile(complete_ ? max_services : SIZE_MAX, now_)};
  const bool first = !complete_ && reconciler_->synced();
  complete_ = publication.complete = reconciler_->synced();
  if (complete_) publication.zones = reconciler_->take_changed_zones();
  for (const op::ServiceUpdate& update : publication.updates) {
    if (update.set) {
      published_[update.service] = update.set;
    } else {
      EXPECT_EQ(published_.erase(update.service), 1u) << update.service.text();
    }
  }
  if (first || !publication.updates.empty() || !publication.zones.empty()) publisher_->publish(publication);
}

void SimulatedReplica::serve(std::size_t bytes) {
  if (stopped_) return;
  for (auto next = links_.begin(); next != links_.end();) {
    const auto at = next++;
    SimulatedLink& link = **at;
    if (!link.accepted) {
      link.accepted = true;
      link.send(std::make_shared<const std::string>(SimulatedLink::kHead));
      publisher_->add(link);
    }
    for (; !link.said.empty(); link.said.pop_front()) {
      const auto heard = publisher_->receive(link, link.said.front());
      EXPECT_TRUE(heard) << heard.error().text;
    }
    const std::size_t before = link.unsent();
    link.carry(bytes);
    if (before > 0 && link.unsent() == 0) publisher_->drained(link);
    if (!link.left_by_sidecar) continue;
    publisher_->remove(link);
    links_.erase(at);
  }
}

std::uint64_t SimulatedReplica::repairs() const {
  std::uint64_t sum = 0;
  for (const auto& [kind, count] : reconciler_->repairs()) sum += count;
  return sum;
}

}  // namespace outrigger::faults
