#include "kube/reflector.h"

#include <algorithm>
#include <utility>

#include "log/log.h"

namespace outrigger::kube {
namespace {

constexpr std::chrono::seconds kMaxRetryAfter{300};

const char* name_of(Ending::Reason reason) {
  switch (reason) {
    case Ending::Reason::listed: return "listed";
    case Ending::Reason::expired: return "expired";
    case Ending::Reason::timeout: return "timeout";
    case Ending::Reason::idle: return "idle";
    case Ending::Reason::error: return "error";
  }
  std::abort();
}

// A program's reflectors fail together when the API server goes, and share its seed: they are not to come back
// together.
std::uint64_t mixed(std::uint64_t seed, Kind kind) { return seed + static_cast<std::uint64_t>(kind); }

}  // namespace

Reflector::Reflector(Kind kind, const Config& config, RequestCounts& counts, OnChange on_change, std::uint64_t seed,
                     ReflectorTiming timing)
    : kind_(kind),
      on_change_(std::move(on_change)),
      client_(config, counts),
      list_watch_(kind, client_, timing, mixed(seed, kind), on_change_, liveness_),
      backoff_(timing.first_backoff, timing.max_backoff, mixed(seed, kind)),
      thread_([this] { run(); }) {}

Reflector::~Reflector() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  client_.stop();
  thread_.join();
}

std::map<std::string, std::uint64_t> Reflector::restarts() const {
  const std::lock_guard lock(mutex_);
  return restarts_;
}

void Reflector::run() {
  // Not the first thing after an outage, when everybody comes back.
  bool well = false;
  while (true) {
    const Ending ending = !list_watch_.listed()                  ? list_watch_.list()
                          : well && list_watch_.comparison_due() ? list_watch_.compare()
                                                                 : list_watch_.watch();
    well = ending.progress;
    if (!recover(ending)) return;
  }
}

bool Reflector::recover(const Ending& ending) {
  std::unique_lock lock(mutex_);
  if (stopping_) return false;
  if (ending.reason == Ending::Reason::listed) return true;

  ++restarts_[name_of(ending.reason)];
  if (ending.progress) {
    hurried_ = false;
    unusable_ = false;
    backoff_.reset();
  }
  if (ending.unusable) {
    if (unusable_) list_watch_.forget();
    unusable_ = true;
  }
  const bool at_once = ending.reason != Ending::Reason::error && ending.retry_after.count() == 0 && !hurried_;
  if (at_once && !ending.progress) hurried_ = true;

  const auto wait =
      at_once ? std::chrono::milliseconds(0) : backoff_.next(std::min(ending.retry_after, kMaxRetryAfter));
  if (!ending.detail.empty()) {
    log::warn("a watch begins anew", {{"kind", kind_name(kind_)},
                                      {"reason", name_of(ending.reason)},
                                      {"detail", ending.detail},
                                      {"wait_ms", std::to_string(wait.count())}});
  }
  liveness_.expect_within(wait);
  return !wake_.wait_for(lock, wait, [this] { return stopping_; });
}

}  // namespace outrigger::kube
