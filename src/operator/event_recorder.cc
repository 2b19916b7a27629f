#include "operator/event_recorder.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <string>
#include <utility>

#include "log/log.h"
#include "operator/annotation_event.h"

namespace outrigger::op {
namespace {

using namespace std::chrono_literals;

constexpr int kCreated = 201;
constexpr int kConflict = 409;  ///< it is there already
constexpr int kTooManyRequests = 429;

std::string now_text() { return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr))); }

void log_failure(const AnnotationProblem& problem, std::string_view reason) {
  log::warn("an Event could not be recorded",
            {{"kind", kube::kind_name(problem.kind)}, {"object", problem.object.text()}, {"reason", reason}});
}

}  // namespace

EventRecorder::EventRecorder(const kube::Config& config, kube::RequestCounts& counts, std::function<bool()> may_tell,
                             std::chrono::milliseconds first_backoff)
    : may_tell_(std::move(may_tell)),
      first_backoff_(first_backoff),
      client_(config, counts),
      thread_([this] { run(); }) {}

EventRecorder::~EventRecorder() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  client_.stop();
  thread_.join();
}

void EventRecorder::record(AnnotationProblem problem) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() < kMaxWaiting) {
      waiting_.push_back(std::move(problem));
      wake_.notify_one();
      return;
    }
  }
  log_failure(problem, fmt::format("{} others wait", kMaxWaiting));
}

void EventRecorder::forget(const AnnotationProblem& problem) {
  const std::lock_guard lock(mutex_);
  std::erase(waiting_, problem);
  wake_.notify_one();
}

void EventRecorder::wake() {
  const std::lock_guard lock(mutex_);
  wake_.notify_one();
}

void EventRecorder::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || (!waiting_.empty() && may_tell_()); });
    if (stopping_) return;
    const AnnotationProblem problem = waiting_.front();
    // Only forget() takes it away while it is told.
    const auto is_first = [&] { return !waiting_.empty() && waiting_.front() == problem; };
    const auto over = [&] { return stopping_ || !is_first() || !may_tell_(); };
    for (int attempt = 1; !over(); ++attempt) {
      lock.unlock();
      const auto wait = tell(problem, attempt);
      lock.lock();
      if (!wait) {
        if (is_first()) waiting_.pop_front();
        break;
      }
      if (wake_.wait_for(lock, *wait, over)) break;
    }
  }
}

std::optional<std::chrono::milliseconds> EventRecorder::tell(const AnnotationProblem& problem, int attempt) {
  const auto response =
      client_.post("/api/v1/namespaces/" + problem.object.ns + "/events", annotation_event(problem, now_text()));
  if (response && (response->status == kCreated || response->status == kConflict)) return std::nullopt;
  // What the API server refuses once it refuses again.
  const bool refused = response && response->status < 500 && response->status != kTooManyRequests;
  if (refused || attempt >= kAttempts) {
    log_failure(problem, response ? fmt::format("status {}", response->status) : response.error().text);
    return std::nullopt;
  }
  const std::chrono::milliseconds backoff = first_backoff_ * (1 << (attempt - 1));
  return std::max<std::chrono::milliseconds>(backoff, response ? std::min(response->retry_after, kMaxRetryAfter) : 0s);
}

}  // namespace outrigger::op
