#include "sidecar/on_demand.h"

#include <utility>

#include "log/log.h"

namespace outrigger::sidecar {
namespace {

constexpr int kLooksAWhile = 4;  ///< so a subscription ends at most a quarter late

}  // namespace

OnDemand::OnDemand(net::EventLoop& loop, const std::vector<std::unique_ptr<Worker>>& workers, uplink::FeedClient& feed,
                   const uplink::OperatorConfig& config, Callbacks callbacks)
    : loop_(loop),
      workers_(workers),
      feed_(feed),
      unused_after_(config.unused_after),
      callbacks_(std::move(callbacks)),
      timer_(loop, [this] { look_for_unused(); }) {
  for (const auto& worker : workers_) {
    worker->ask_for_destinations(
        [this](const std::string& address) { loop_.post([this, address] { on_ask(address); }); },
        config.lookup_timeout);
  }
  timer_.set(unused_after_ / kLooksAWhile);
}

void OnDemand::on_ask(const std::string& address) {
  using Next = DialledDestinations::Asked::Next;
  const auto asked = dialled_.ask(address);
  if (asked.forgotten) {
    feed_.unresolve(*asked.forgotten);
    settle(*asked.forgotten, false);
  }
  if (asked.next == Next::ask) feed_.resolve(address);
  if (asked.next == Next::no_service || !feed_.hopeful()) settle(address, asked.next == Next::no_service);
}

void OnDemand::answer(const std::string& address, const std::optional<model::ServicePort>& service) {
  if (!dialled_.answer(address, service, loop_.now())) return settle(address, true);
  callbacks_.on_change();
}

void OnDemand::published(const std::function<bool(const model::ServicePort&)>& known) {
  for (const model::ServicePort& service : dialled_.services()) {
    if (!known(service)) continue;
    for (const std::string& address : dialled_.take_waiting(service)) settle(address, false);
  }
}

void OnDemand::settle(const std::string& address, bool no_service) {
  for (const auto& worker : workers_) worker->settle(address, no_service);
}

bool OnDemand::was_used(const model::ServicePort& service) {
  const std::uint64_t uses = callbacks_.uses(service);
  return std::exchange(uses_[service], uses) != uses;
}

void OnDemand::look_for_unused() {
  timer_.set(unused_after_ / kLooksAWhile);
  const auto now = loop_.now();
  for (const model::ServicePort& service : dialled_.services()) {
    if (was_used(service)) dialled_.use(service, now);
  }
  if (release_) return;
  auto unused = dialled_.unused_since(now - unused_after_);
  if (unused.empty()) return;
  release_ = Release{workers_.size(), std::move(unused), {}};
  for (const auto& worker : workers_) {
    worker->release(release_->unused,
                    [this](const Worker::Services& held) { loop_.post([this, held] { on_released(held); }); });
  }
}

void OnDemand::on_released(const Worker::Services& held) {
  release_->held.insert(held.begin(), held.end());
  if (--release_->to_answer > 0) return;
  const Release release = std::move(*std::exchange(release_, std::nullopt));
  for (const model::ServicePort& service : release.unused) {
    if (release.held.contains(service) || was_used(service)) {
      dialled_.use(service, loop_.now());
    } else if (dialled_.end(service)) {
      uses_.erase(service);
      log::info("unused, unsubscribed", {{"service", service.text()}});
    }
  }
  callbacks_.on_change();
}

}  // namespace outrigger::sidecar
